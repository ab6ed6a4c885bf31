package engine

// dropped is a connection that a fault cut.
type dropped struct{ msg string }

func (e *dropped) Error() string { return e.msg }

type faults struct{}
