package codec_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/entable/entable/internal/codec"
	"github.com/entable/entable/internal/wire"
)

// Types that contain themselves, in each way there is.
type (
	tree      map[string]tree
	nest      []nest
	nests     map[string][]nests
	forests   []map[int]forests
	twoOfIt   [2]*twoOfIt
	listAt    *[]listAt
	inArray   struct{ Next [1]*inArray }
	byValue   struct{ Next []byValue }
	inMaps    struct{ Next map[string]map[string]*inMaps }
	left      struct{ Right *right }
	right     struct{ Left []map[bool]left }
	Embedding struct {
		*Embedding
		N int
	}
	anyOf struct{ Next any }

	pointer    *pointer
	pointers   **pointers
	pointerTo  *pointerToo
	pointerToo *pointerTo
)

func TestRecursiveTypes(t *testing.T) {
	leaf := twoOfIt{}
	list := listAt(&[]listAt{nil, &[]listAt{}})
	for _, value := range []any{
		&v[tree]{tree{"a": tree{}, "b": tree{"c": nil}}},
		&v[nest]{nest{nest{}, nest{nest{nil}}}},
		&v[nests]{nests{"a": {nests{"b": {}}, nil}}},
		&v[forests]{forests{{1: forests{}}, nil}},
		&v[twoOfIt]{twoOfIt{&twoOfIt{nil, &leaf}, &leaf}},
		&v[listAt]{list},
		&inArray{[1]*inArray{{}}},
		&byValue{[]byValue{{}, {[]byValue{}}}},
		&inMaps{map[string]map[string]*inMaps{"a": {"b": {}}}},
		&left{&right{[]map[bool]left{{true: {&right{}}}}}},
		&Embedding{N: 1},
		&anyOf{map[string]any{"Next": []any{}}},
		&omitBoth[tree]{tree{"a": tree{"b": tree{}}}},
		&v[map[string]*tree]{map[string]*tree{"a": {"b": tree{}}}},
	} {
		plan, p := planOf(t, value)
		item, err := plan.AppendMembers([]byte("{"), p.UnsafePointer())
		if err != nil {
			t.Errorf("%T: %v", value, err)
			continue
		}
		got := reflect.New(plan.Type())
		if err := plan.Decode(wire.NewReader(append(item, '}')), got.UnsafePointer()); err != nil || !reflect.DeepEqual(got.Interface(), value) {
			t.Errorf("%T: error %v\ngot  %+v\nwant %+v\nitem %s}", value, err, got.Elem(), value, item)
		}
	}
}

// A pointer that leads to pointers only has no value; reading one made pointers until the stack ended.
func TestPointersToThemselvesAreRefused(t *testing.T) {
	type hidden struct {
		V pointer `dynamodbav:"-"`
		N int
	}
	if _, err := codec.PlanOf(reflect.TypeFor[hidden]()); err != nil {
		t.Errorf("of a field that is not stored: %v", err)
	}
	for _, typ := range []reflect.Type{
		reflect.TypeFor[v[pointer]](), reflect.TypeFor[v[pointers]](), reflect.TypeFor[v[pointerTo]](), reflect.TypeFor[v[*pointer]](),
		reflect.TypeFor[v[[]pointer]](), reflect.TypeFor[v[map[string]pointers]](), reflect.TypeFor[v[[2]v[pointerToo]]](),
	} {
		if _, err := codec.PlanOf(typ); err == nil || !strings.Contains(err.Error(), "points to nothing but pointers") {
			t.Errorf("%v: %v", typ, err)
		}
	}
	if _, err := codec.AppendValue(nil, v[any]{new(pointer)}); err == nil {
		t.Error("a pointer to itself inside an interface was encoded")
	}
	held := v[any]{new(pointer)}
	plan, p := planOf(t, &held)
	if err := plan.Decode(wire.NewReader([]byte(`{"V":{"N":"1"}}`)), p.UnsafePointer()); err == nil {
		t.Error("a number was decoded into a pointer to itself inside an interface")
	}
}

// A value that contains itself ends too.
func TestValuesThatContainThemselvesAreErrors(t *testing.T) {
	ring := tree{}
	ring["again"] = ring
	list := nest{nil}
	list[0] = list
	array := &twoOfIt{}
	array[1] = array
	object := &inMaps{map[string]map[string]*inMaps{"a": {}}}
	object.Next["a"]["b"] = object
	for _, value := range []any{&v[tree]{ring}, &v[nest]{list}, &v[*twoOfIt]{array}, object} {
		plan, p := planOf(t, value)
		if _, err := plan.AppendMembers(nil, p.UnsafePointer()); err == nil || !strings.Contains(err.Error(), "nest deeper than 32 levels") {
			t.Errorf("%T: %v", value, err)
		}
	}
}
