package wire

// Since returns the bytes from an offset that Offset returned up to here. They alias the input.
func (r *Reader) Since(offset int) []byte { return r.data[offset:r.pos:r.pos] }
