package entable

import (
	"context"
	"fmt"
	"reflect"
)

// BeforeSaver is implemented on *T by an entity that wants to see, change or refuse an instance
// before Put and Create. It runs first: generated values, defaults, validation and keys come after
// it, so a key may be built from what it sets. Use [Generate] for a value that the hook itself needs.
// An error ends the write; nothing is sent.
//
// The hook gets a copy of the caller's struct, which replaces the original when the write succeeds.
// Slices and maps are shared with the original: replace them, do not change them in place.
type BeforeSaver interface {
	BeforeSave(ctx context.Context) error
}

// AfterSaver is implemented on *T by an entity that wants to know of a successful Put or Create. It
// runs on the caller's instance, which holds what is stored. Its error is returned in a [*HookError];
// the item stays written.
type AfterSaver interface {
	AfterSave(ctx context.Context) error
}

// BeforeUpdater is implemented on *T by an entity that wants to see, change or refuse an instance before
// Patch and SaveChanges. It runs on a copy of the instance that has the new values; what it changes is
// sent too. Update, by key, has no instance and runs no hook.
type BeforeUpdater interface {
	BeforeUpdate(ctx context.Context) error
}

// AfterUpdater is implemented on *T by an entity that wants to know of a successful Patch or
// SaveChanges. It runs on the caller's instance, which holds what is stored.
type AfterUpdater interface {
	AfterUpdate(ctx context.Context) error
}

// BeforeDeleter is implemented on *T by an entity that wants to see or refuse a Remove. Delete, by key,
// runs no hook.
type BeforeDeleter interface {
	BeforeDelete(ctx context.Context) error
}

// AfterDeleter is implemented on *T by an entity that wants to know of a successful Remove.
type AfterDeleter interface {
	AfterDelete(ctx context.Context) error
}

// AfterLoader is implemented on *T by an entity that completes an instance after each read: derived
// fields, decryption. Its error ends the read and is returned in a [*HookError].
type AfterLoader interface {
	AfterLoad(ctx context.Context) error
}

// hook is one of the hooks that a type may have.
type hook struct {
	name string
	set  hookSet
	on   func(v any) bool
	call func(ctx context.Context, v any) error
}

// hookSet says which hooks a type has, so that calls without one cost nothing.
type hookSet uint8

func (s hookSet) has(h *hook) bool { return s&h.set != 0 }

var (
	beforeSave   = newHook("BeforeSave", 0, BeforeSaver.BeforeSave)
	afterSave    = newHook("AfterSave", 1, AfterSaver.AfterSave)
	beforeUpdate = newHook("BeforeUpdate", 2, BeforeUpdater.BeforeUpdate)
	afterUpdate  = newHook("AfterUpdate", 3, AfterUpdater.AfterUpdate)
	beforeDelete = newHook("BeforeDelete", 4, BeforeDeleter.BeforeDelete)
	afterDelete  = newHook("AfterDelete", 5, AfterDeleter.AfterDelete)
	afterLoad    = newHook("AfterLoad", 6, AfterLoader.AfterLoad)
)

// newHook makes the hook of the types that implement H.
func newHook[H any](name string, bit int, method func(H, context.Context) error) *hook {
	return &hook{
		name: name, set: 1 << bit,
		on:   func(v any) bool { _, ok := v.(H); return ok },
		call: func(ctx context.Context, v any) error { return method(v.(H), ctx) },
	}
}

// hooksOf returns the hooks that v has, and an error for a method that is called like one and is none.
func hooksOf(v any) (s hookSet, err error) {
	r := reflect.ValueOf(v)
	methods := [...]reflect.Value{ // by constants: else the linker would keep all methods of a program
		r.MethodByName("BeforeSave"), r.MethodByName("AfterSave"), r.MethodByName("BeforeUpdate"), r.MethodByName("AfterUpdate"),
		r.MethodByName("BeforeDelete"), r.MethodByName("AfterDelete"), r.MethodByName("AfterLoad"),
	}
	for i, h := range []*hook{beforeSave, afterSave, beforeUpdate, afterUpdate, beforeDelete, afterDelete, afterLoad} {
		if h.on(v) {
			s |= h.set
		} else if m := methods[i]; m.IsValid() && err == nil {
			err = fmt.Errorf("the method %s is %s and no hook, which is func(context.Context) error: change it, or give the entity entable.SkipHooks(true)", h.name, m.Type())
		}
	}
	return s, err
}

// HookError reports an error that a hook returned. The error of a hook before a write ends it, nothing
// is sent; at the error of a hook after a write the item is written.
type HookError struct {
	Entity string
	// Hook is the method's name: "BeforeSave", "AfterLoad".
	Hook string
	Err  error
}

func (e *HookError) Error() string {
	return fmt.Sprintf("entable: %s: %s: %s", e.Entity, e.Hook, e.Err)
}
func (e *HookError) Unwrap() error { return e.Err }
func (*HookError) entableError()   {}
