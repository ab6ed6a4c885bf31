package schema_test

import (
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/entable/entable/internal/schema"
	"github.com/entable/entable/internal/wire"
)

type common struct {
	More  map[string]any `entable:"rest"`
	Cache string         `dynamodbav:"-"`
	Owner string         `dynamodbav:"owner"`
	Until time.Time      `dynamodbav:"until" entable:"hidden, ttl"`
}

type page struct {
	ID string `dynamodbav:"id"`
	common
	Local int `dynamodbav:"-"`
}

// A struct that is embedded has its rest field and its fields that are not stored as the struct that embeds it does.
func TestEmbeddedFieldsThatAreNoAttributes(t *testing.T) {
	e := register[page](t, newTable(t, decl()), schema.EntityDecl{})
	stored := `{"pk":{"S":"PI#1"},"sk":{"S":"A"},"_type":{"S":"page"},"id":{"S":"1"},"owner":{"S":"ann"},"until":{"N":"1700000000"},"new":{"S":"x"}}`
	d := e.Table.Decode(wire.NewReader([]byte(stored)), e, nil, nil)
	if d.Err != nil {
		t.Fatal(d.Err)
	}
	v := d.Value.(*page)
	if v.Until.Unix() != 1_700_000_000 || len(v.More) != 1 {
		t.Errorf("decoded %+v", v)
	}
	if got := encoded(t, e, *v); got != stored {
		t.Errorf("encoded\n%s, want\n%s", got, stored)
	}
	v.Cache, v.Local = "kept", 7
	var now page
	if e.KeepUnstored(unsafe.Pointer(&now), unsafe.Pointer(v)); now.Cache != "kept" || now.Local != 7 || now.Owner != "" || now.More != nil {
		t.Errorf("kept %+v", now)
	}
}

type behind struct {
	ID string `dynamodbav:"id"`
	*Common
}

type Common struct {
	More map[string]any `entable:"rest"`
}

// What a tag says of a field that is no attribute would be without effect: it is refused.
func TestTagsOfFieldsThatAreNotStored(t *testing.T) {
	for want, err := range map[string]error{
		"field More: tag `entable:\"rest\"`: the struct that has the field is embedded by pointer": declared[behind](t),
		"field more: tag `entable:\"rest\"`: the field must be an exported map[string]any": declared[struct {
			ID   string         `dynamodbav:"id"`
			more map[string]any `entable:"rest"`
		}](t),
		"field N: tag `entable:\"version\"`: the field is not stored": declared[struct {
			ID string `dynamodbav:"id"`
			N  int64  `dynamodbav:"-" entable:"version"`
		}](t),
		"field at: tag `entable:\"ttl\"`: the field is not exported, and not stored": declared[struct {
			ID string `dynamodbav:"id"`
			at int64  `entable:"ttl"`
		}](t),
		"field Token: tag `entable:\"encrypt\"`: the field is not stored": declared[struct {
			ID    string `dynamodbav:"id"`
			Token string `dynamodbav:"-" entable:"encrypt"`
		}](t),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}

func declared[T any](t *testing.T) error {
	_, err := newTable(t, decl()).Register(entityOf[T](schema.EntityDecl{Name: "T"}))
	return err
}
