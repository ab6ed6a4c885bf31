package seal_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/entable/entable/seal"
)

// The error names the key that a program should have been given to read with.
func ExampleError() {
	ctx := context.Background()
	old, err := seal.Keys(key("2025-11"))
	if err != nil {
		panic(err)
	}
	sealed, err := seal.New(old, seal.Options{}).Seal(ctx, []byte("a secret"), []byte("this place"))
	if err != nil {
		panic(err)
	}
	keys, err := seal.Keys(key("2026-11"))
	if err != nil {
		panic(err)
	}
	_, err = seal.New(keys, seal.Options{}).Open(ctx, sealed, []byte("this place"))
	if closed, ok := errors.AsType[*seal.Error](err); ok {
		fmt.Println(closed.KeyID(), errors.Is(closed, seal.ErrUnknownKey))
	}
	// Output: 2025-11 true
}
