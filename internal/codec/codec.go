// Package codec turns Go structs into DynamoDB JSON and back, by one compiled plan per type.
package codec

import (
	"errors"
	"reflect"
	"unsafe"

	"github.com/entable/entable/internal/wire"
)

var errTODO = errors.New("codec: not implemented")

var ErrUnexpected = errors.New("item is of another type")

type Error struct {
	Path     string
	WireKind wire.Kind
	GoType   reflect.Type
	Err      error
}

func (e *Error) Error() string { return "" }
func (e *Error) Unwrap() error { return e.Err }

type Plan struct{}

func PlanOf(t reflect.Type) (*Plan, error) { return nil, errTODO }

func (p *Plan) Type() reflect.Type              { return nil }
func (p *Plan) Fields() []*Field                { return nil }
func (p *Plan) Field(attr string) *Field        { return nil }
func (p *Plan) Expect(attr, value string) *Plan { return p }

func (p *Plan) AppendMembers(dst []byte, ptr unsafe.Pointer) ([]byte, error) { return dst, errTODO }
func (p *Plan) Decode(r *wire.Reader, ptr unsafe.Pointer) error              { return errTODO }
func (p *Plan) DecodeRest(r *wire.Reader, ptr unsafe.Pointer, rest func(name string, value []byte) error) error {
	return errTODO
}

type Field struct {
	Name      string
	Index     []int
	Type      reflect.Type
	Tag       reflect.StructTag
	OmitEmpty bool
	NullEmpty bool
	UnixTime  bool
}

func (f *Field) Value(ptr unsafe.Pointer) (reflect.Value, bool)            { return reflect.Value{}, false }
func (f *Field) AppendValue(dst []byte, v reflect.Value) ([]byte, error)   { return dst, errTODO }
func (f *Field) AppendFrom(dst []byte, ptr unsafe.Pointer) ([]byte, error) { return dst, errTODO }
func (f *Field) DecodeValue(r *wire.Reader, ptr unsafe.Pointer) error      { return errTODO }

func AppendValue(dst []byte, v any) ([]byte, error) { return dst, errTODO }
func DecodeValue(r *wire.Reader, v any) error       { return errTODO }
