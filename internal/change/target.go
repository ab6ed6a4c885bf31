package change

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"github.com/entable/entable/internal/codec"
)

// Target is what a path names in the items of a type.
type Target struct {
	Root *codec.Field // the top-level attribute; only its Name is set if Rest is
	Leaf *codec.Field // the field itself, or nil for an element of a list or map
	Type reflect.Type // the Go type there, or nil when it is open: any, a marshaler's
	Rest bool         // the attribute is none of the type's own

	steps []step // from the top-level attribute down
	err   error  // there is no such target: the error of what asks for it

	around *codec.Field // of an element of a list or map: the field that it lies in,
	below  int          // so many levels down

	key     reflect.Value // of an entry of a map
	unkeyed error         // a name on the way is that of no key
}

// Key returns the key of an entry of a map; it is not valid for anything else.
func (t Target) Key() reflect.Value { return t.key }

// Around returns the field that an element of a list or map lies in, and how many levels below; nil for what is no element.
func (t Target) Around() (f *codec.Field, levels int) { return t.around, t.below }

// inside makes the target an element of what it was.
func (t *Target) inside() {
	if t.Leaf != nil {
		t.around, t.below = t.Leaf, 0
	}
	t.Leaf, t.key, t.below = nil, reflect.Value{}, t.below+1
}

// Without returns what stands for a target inside t that there is not, because of an error: conditions on it fail with that.
func (t Target) Without(err error) Target {
	t.err = err
	return t
}

// Err returns the error of a target that there is not.
func (t Target) Err() error { return t.err }

// step goes into a map, by name, or, when that is empty, into a list.
type step struct {
	name string
	at   int
}

// Whole returns the target of a top-level attribute.
func Whole(f *codec.Field) Target {
	return Target{Root: f, Leaf: f, Type: f.Type}
}

// IsWhole reports whether the target is a top-level attribute, not a part of one.
func (t Target) IsWhole() bool { return len(t.steps) == 0 }

// Names returns the names on the way from the top-level attribute to the target; an element of a list has none.
func (t Target) Names() []string {
	path := []string{t.Root.Name}
	for _, s := range t.steps {
		path = append(path, s.name)
	}
	return path
}

// locate returns an error of the codec with the path to the target, where it has the leaf's name.
func (t Target) locate(err error) error {
	e, ok := err.(*codec.Error)
	if !ok {
		return err
	}
	inner := e.Path
	if t.Leaf != nil {
		inner = strings.TrimPrefix(strings.TrimPrefix(inner, t.Leaf.Name), ".")
	}
	one := *e
	if one.Path = pathText(t.Root.Name, t.steps); inner != "" && inner[0] != '[' {
		one.Path += "."
	}
	one.Path += inner
	return &one
}

// Overlaps reports whether one of two targets lies in the other. The service refuses both in one update.
func (t Target) Overlaps(o Target) bool {
	if t.Root.Name != o.Root.Name {
		return false
	}
	return t.leadsTo(o) || o.leadsTo(t)
}

// leadsTo reports whether another target of the same attribute lies in the target, or is the same.
func (t Target) leadsTo(o Target) bool {
	return len(t.steps) <= len(o.steps) && slices.Equal(t.steps, o.steps[:len(t.steps)])
}

// Resolve finds what a path names in the items of a plan's type. With rest, these have other attributes too, which
// [Quote] names.
func Resolve(plan *codec.Plan, path string, rest bool) (Target, error) {
	if f := plan.Field(path); f != nil && isName(path) {
		return Whole(f), nil
	}
	segments, err := Parse(path)
	if err != nil {
		return Target{}, fmt.Errorf("invalid path %q: %w", Show(path), err)
	}
	name := segments[0].Name
	root := plan.Field(name)
	if root == nil && rest && path == Quote(name) {
		return Target{Root: &codec.Field{Name: name, Encoding: plan.Encoding()}, Rest: true}, nil
	}
	if root == nil {
		return Target{}, fmt.Errorf("path %q: %w", Show(path), unknownAttribute(plan, name))
	}
	t := Target{Root: root, Leaf: root, Type: root.Type}
	for i, s := range segments {
		if err := t.enter(s, i == 0); err != nil {
			return Target{}, fmt.Errorf("path %q: %w", Show(path), err)
		}
	}
	return t, nil
}

// enter goes on to a segment, of which the first is the top-level attribute.
func (t *Target) enter(s Segment, first bool) error {
	if !first {
		if err := t.descend(s.Name); err != nil {
			return err
		}
	}
	for _, at := range s.At {
		if err := t.index(at); err != nil {
			return err
		}
	}
	return nil
}

// segmentsOf returns what the steps from a top-level attribute are called in the SDK's expressions: lines[2], qty.
func segmentsOf(root string, steps []step) []string {
	out := []string{root}
	for _, s := range steps {
		if s.name != "" {
			out = append(out, s.name)
		} else {
			out[len(out)-1] += "[" + strconv.Itoa(s.at) + "]"
		}
	}
	return out
}

// Name names the target for the SDK's expressions.
func (t Target) Name() expression.NameBuilder {
	if t.Root == nil { // there is none
		return expression.NameBuilder{}
	}
	return nameOf(segmentsOf(t.Root.Name, t.steps))
}

func nameOf(segments []string) expression.NameBuilder {
	name := expression.NameNoDotSplit(segments[0])
	for _, s := range segments[1:] {
		name = name.AppendName(expression.NameNoDotSplit(s))
	}
	return name
}

// pathText returns the path of what the steps lead to for messages.
func pathText(root string, steps []step) string { return strings.Join(segmentsOf(root, steps), ".") }

// descend goes to the attribute called name in the map that t names so far.
func (t *Target) descend(name string) error {
	t.steps = append(t.steps, step{name: name})
	switch {
	case t.Type == nil:
		return nil
	case isOpen(t.Type):
		t.Leaf, t.Type, t.key = nil, nil, reflect.Value{}
		return nil
	}
	typ := deref(t.Type)
	switch {
	case typ.Kind() == reflect.Map:
		t.inside()
		var err error
		if t.key, err = codec.MapKey(typ, name); t.unkeyed == nil {
			t.unkeyed = err
		}
		t.Type = typ.Elem()
		return nil
	case typ.Kind() != reflect.Struct || typ == timeType || t.Root.Encoding.Opaque(typ):
		return fmt.Errorf("%s has no attributes", t.Type)
	}
	plan, err := t.Root.Encoding.PlanOf(typ)
	if err != nil {
		return err
	}
	f := plan.Field(name)
	if f == nil {
		return unknownAttribute(plan, name)
	}
	t.Leaf, t.Type, t.around, t.key = f, f.Type, nil, reflect.Value{}
	return nil
}

// index goes to an element of the list that t names so far.
func (t *Target) index(at int) error {
	t.steps = append(t.steps, step{at: at})
	t.inside()
	switch {
	case t.Type == nil:
		return nil
	case isOpen(t.Type):
		t.Type = nil
		return nil
	}
	list := deref(t.Type)
	if k := list.Kind(); k != reflect.Slice && k != reflect.Array {
		return fmt.Errorf("%s is no list", t.Type)
	}
	t.Type = list.Elem()
	return nil
}

func unknownAttribute(plan *codec.Plan, name string) error {
	return &unknownError{name: name, has: []*codec.Plan{plan}}
}

var (
	timeType        = reflect.TypeFor[time.Time]()
	avMarshalerType = reflect.TypeFor[attributevalue.Marshaler]()
)

// isOpen reports whether a type decides for itself, or at run time, what is stored.
func isOpen(t reflect.Type) bool {
	t = deref(t)
	return t.Kind() == reflect.Interface || t.Implements(avMarshalerType) || reflect.PointerTo(t).Implements(avMarshalerType)
}

func deref(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t
}
