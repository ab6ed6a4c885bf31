package wire

const (
	MaxKept   = maxKept
	MaxBodies = maxBodies
)
