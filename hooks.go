package entable

import "context"

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

// AfterLoader is implemented on *T by an entity that completes an instance after each read: derived
// fields, decryption. Its error ends the read and is returned in a [*HookError].
type AfterLoader interface {
	AfterLoad(ctx context.Context) error
}

// hookSet says which hooks a type has, so that calls without one cost nothing.
type hookSet struct{ beforeSave, afterSave, afterLoad bool }

func hooksOf(v any) hookSet {
	_, before := v.(BeforeSaver)
	_, after := v.(AfterSaver)
	_, load := v.(AfterLoader)
	return hookSet{beforeSave: before, afterSave: after, afterLoad: load}
}

func (e *entity) runBeforeSave(ctx context.Context, v any) error {
	if !e.hooks.beforeSave {
		return nil
	}
	return e.hookError("BeforeSave", v.(BeforeSaver).BeforeSave(ctx))
}

func (e *entity) runAfterSave(ctx context.Context, v any) error {
	if !e.hooks.afterSave {
		return nil
	}
	return e.hookError("AfterSave", v.(AfterSaver).AfterSave(ctx))
}

func (e *entity) runAfterLoad(ctx context.Context, v any) error {
	if !e.hooks.afterLoad {
		return nil
	}
	return e.hookError("AfterLoad", v.(AfterLoader).AfterLoad(ctx))
}

func (e *entity) hookError(hook string, err error) error {
	if err == nil {
		return nil
	}
	return &HookError{Entity: e.name, Hook: hook, Err: err}
}
