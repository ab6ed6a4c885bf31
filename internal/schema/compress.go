package schema

import (
	"fmt"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// maxPlain bounds what is compressed into an attribute, so that a few stored bytes cannot become memory without end when they
// are read: forty times the largest item.
const maxPlain = 16 << 20

// window is how far back the compressor looks: more than most attributes, and memory that stays.
const window = 256 << 10

var compressor = sync.OnceValue(func() *zstd.Encoder {
	w, err := zstd.NewWriter(nil, zstd.WithWindowSize(window), zstd.WithLowerEncoderMem(true), zstd.WithEncoderCRC(false))
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return w
})

var decompressor = sync.OnceValue(func() *zstd.Decoder {
	r, err := zstd.NewReader(nil, zstd.WithDecoderMaxMemory(maxPlain), zstd.WithDecoderConcurrency(0))
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return r
})

// warm makes what compresses when a field is declared, not when it is first used: it has channels, and what is made in a bubble of package
// synctest ends the program when it is used outside of it.
func warm() {
	compressor().EncodeAll(nil, nil)
	decompressor()
}

func compress(raw []byte) ([]byte, error) {
	if len(raw) > maxPlain {
		return nil, fmt.Errorf("%d bytes are above the limit of %d that are compressed", len(raw), maxPlain)
	}
	return compressor().EncodeAll(raw, nil), nil
}

func decompress(small []byte) ([]byte, error) {
	raw, err := decompressor().DecodeAll(small, nil)
	if err != nil {
		return nil, fmt.Errorf("cannot decompress: %w", err)
	}
	return raw, nil
}
