package engine

type tokens struct{}

func (t *tokens) clear() {}
