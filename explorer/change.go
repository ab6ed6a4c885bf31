package explorer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/bridge"
	"github.com/entable/entable/internal/schema"
	"github.com/entable/entable/internal/wire"
)

// change is what a form changes of an item.
type change struct {
	was, now item     // of the attributes that are changed
	names    []string // of these
	assumed  item     // what else has to be as it was
}

// set adds a change; nil removes the attribute.
func (c *change) set(name string, was, now types.AttributeValue) {
	if !slices.Contains(c.names, name) {
		c.names = append(c.names, name)
		c.was[name] = was
	}
	c.now[name] = now
}

// change sends what differs between the form as it was and as it is now.
func (h *Handler) change(v *view, body *editPage) error {
	c, err := differing(body.Was, body.Now)
	if err != nil {
		return err
	}
	if err := h.complete(v.ctx, c, body.row); err != nil {
		return err
	}
	key, err := v.key()
	if err != nil {
		return err
	}
	conn, err := v.conn()
	if err != nil {
		return err
	}
	return conflict(conn.Update(v.ctx, c.input(h.declared, key), nil))
}

// differing compares two items in DynamoDB JSON.
func differing(before, after string) (*change, error) {
	was, err := parsed("the item as it was shown", before)
	if err != nil {
		return nil, err
	}
	now, err := parsed("this", after)
	if err != nil {
		return nil, err
	}
	c := &change{was: item{}, now: item{}, assumed: item{}}
	for _, m := range []item{was, now} {
		for _, name := range sortedNames(m) {
			same, err := equal(was[name], now[name])
			if err != nil {
				return nil, err
			}
			if !same {
				c.set(name, was[name], now[name])
			}
		}
	}
	if len(c.names) == 0 {
		return nil, badRequest("nothing was changed")
	}
	return c, nil
}

func parsed(what, text string) (item, error) {
	parsed, err := wire.ReadItem([]byte(strings.TrimSpace(text)))
	if err != nil {
		return nil, badRequest("%s is no item in DynamoDB JSON: %s", what, err)
	}
	return parsed, nil
}

func equal(a, b types.AttributeValue) (bool, error) {
	if a == nil || b == nil {
		return a == b, nil
	}
	x, err := wire.AppendValue(nil, a)
	if err != nil {
		return false, err
	}
	y, err := wire.AppendValue(nil, b)
	return bytes.Equal(x, y), err
}

// complete refuses what is not changed by hand, and adds what follows from the change: the next version, and the keys of
// indexes.
func (h *Handler) complete(ctx context.Context, c *change, r *row) error {
	for _, name := range c.names {
		switch {
		case name == h.declared.PK.Name || name == h.declared.SK.Name:
			return badRequest("%q is the item's key: write another item instead", name)
		case h.hides(r.entity, name):
			return badRequest("%q is hidden and stays as it is", name)
		case slices.Contains(h.unique(r), name):
			return badRequest("%q is unique: another item holds its value, so it is changed by the program alone", name)
		case r.entity != nil && name == h.declared.Discriminator:
			return badRequest("%q is the item's type: write another item instead", name)
		}
	}
	if r.entity == nil {
		return nil
	}
	if f := r.entity.Version; f != nil && !slices.Contains(c.names, f.Name) {
		raised, err := next(r.item[f.Name])
		if err != nil {
			return badRequest("the version %q: %s", f.Name, err)
		}
		c.set(f.Name, r.item[f.Name], raised)
	}
	return h.fits(ctx, c, r)
}

// next returns the version behind v.
func next(v types.AttributeValue) (types.AttributeValue, error) {
	n, ok := v.(*types.AttributeValueMemberN)
	if !ok {
		return nil, errors.New("it is no number")
	}
	i, err := strconv.ParseInt(n.Value, 10, 64)
	if err != nil {
		return nil, err
	}
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(i+1, 10)}, nil
}

// fits refuses a change after which the item could not be read under its type, and lets keys of indexes follow it.
func (h *Handler) fits(ctx context.Context, c *change, r *row) error {
	whole := maps.Clone(r.item)
	for _, name := range c.names {
		if whole[name] = c.now[name]; c.now[name] == nil {
			delete(whole, name)
		}
	}
	verdict := h.declared.Judge(whole, bridge.Protector(ctx, h.table))
	if verdict.Entity != r.entity {
		return badRequest("it would be no %s any more", r.entity.Name)
	}
	for _, f := range verdict.Found {
		if f.Kind == schema.FoundWrongIndexKey && f.Err == nil {
			continue
		}
		text := f.Kind
		if f.Attribute != "" {
			text = fmt.Sprintf("%s: %s is %q, should be %q", f.Kind, f.Attribute, f.Have, f.Want)
		}
		if f.Err != nil {
			text += ": " + f.Err.Error()
		}
		return badRequest("%s", h.withoutHidden(r, text))
	}
	for name, value := range verdict.Fixes {
		c.set(name, r.item[name], value)
	}
	for _, name := range verdict.Assumed {
		c.assumed[name] = r.item[name]
	}
	return nil
}

// input makes the update, under the condition that all is as it was.
func (c *change) input(d *schema.Table, key item) *dynamodb.UpdateItemInput {
	x := expressions{names: map[string]string{}, values: item{}}
	same := []string{"attribute_exists(" + x.name(d.PK.Name) + ")"}
	var set, removed []string
	slices.Sort(c.names)
	for _, name := range c.names {
		same = append(same, x.same(name, c.was[name]))
		if c.now[name] == nil {
			removed = append(removed, x.name(name))
		} else {
			set = append(set, x.name(name)+" = "+x.value(c.now[name]))
		}
	}
	for _, name := range sortedNames(c.assumed) {
		if !slices.Contains(c.names, name) {
			same = append(same, x.same(name, c.assumed[name]))
		}
	}
	var update []string
	if len(set) > 0 {
		update = append(update, "SET "+strings.Join(set, ", "))
	}
	if len(removed) > 0 {
		update = append(update, "REMOVE "+strings.Join(removed, ", "))
	}
	in := &dynamodb.UpdateItemInput{
		TableName: &d.Name, Key: key, ExpressionAttributeNames: x.names,
		UpdateExpression: new(strings.Join(update, " ")), ConditionExpression: new(strings.Join(same, " AND ")),
	}
	if len(x.values) > 0 {
		in.ExpressionAttributeValues = x.values
	}
	return in
}

// expressions collects the names and values of a request.
type expressions struct {
	names  map[string]string
	values item
}

func (x *expressions) name(attribute string) string {
	for n, known := range x.names {
		if known == attribute {
			return n
		}
	}
	n := fmt.Sprintf("#a%d", len(x.names))
	x.names[n] = attribute
	return n
}

func (x *expressions) value(v types.AttributeValue) string {
	n := fmt.Sprintf(":v%d", len(x.values))
	x.values[n] = v
	return n
}

// same returns the condition that an attribute has a value; nil: that it is absent.
func (x *expressions) same(attribute string, was types.AttributeValue) string {
	if was == nil {
		return "attribute_not_exists(" + x.name(attribute) + ")"
	}
	return x.name(attribute) + " = " + x.value(was)
}
