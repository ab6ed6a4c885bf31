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

// hookSet says which hooks a type has, so that calls without one cost nothing.
type hookSet struct {
	beforeSave, afterSave     bool
	beforeUpdate, afterUpdate bool
	beforeDelete, afterDelete bool
	afterLoad                 bool
}

func hooksOf(v any) (h hookSet) {
	_, h.beforeSave = v.(BeforeSaver)
	_, h.afterSave = v.(AfterSaver)
	_, h.beforeUpdate = v.(BeforeUpdater)
	_, h.afterUpdate = v.(AfterUpdater)
	_, h.beforeDelete = v.(BeforeDeleter)
	_, h.afterDelete = v.(AfterDeleter)
	_, h.afterLoad = v.(AfterLoader)
	return h
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

func (e *entity) runBeforeUpdate(ctx context.Context, v any) error {
	if !e.hooks.beforeUpdate {
		return nil
	}
	return e.hookError("BeforeUpdate", v.(BeforeUpdater).BeforeUpdate(ctx))
}

func (e *entity) runAfterUpdate(ctx context.Context, v any) error {
	if !e.hooks.afterUpdate {
		return nil
	}
	return e.hookError("AfterUpdate", v.(AfterUpdater).AfterUpdate(ctx))
}

func (e *entity) runBeforeDelete(ctx context.Context, v any) error {
	if !e.hooks.beforeDelete {
		return nil
	}
	return e.hookError("BeforeDelete", v.(BeforeDeleter).BeforeDelete(ctx))
}

func (e *entity) runAfterDelete(ctx context.Context, v any) error {
	if !e.hooks.afterDelete {
		return nil
	}
	return e.hookError("AfterDelete", v.(AfterDeleter).AfterDelete(ctx))
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
