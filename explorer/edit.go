package explorer

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// editPage is the form in which an item is changed.
type editPage struct {
	*row
	PKName, SKName string
	Was, Now       string // DynamoDB JSON without what is hidden
	Hidden         []string
	Problem        string
	Token          string
	Unique         []string // why it cannot be deleted here
}

type item = map[string]types.AttributeValue

// conflict says of an error that a condition has failed.
func conflict(err error) error {
	if _, failed := errors.AsType[*types.ConditionalCheckFailedException](err); failed {
		return &pageError{http.StatusConflict, "another writer has changed the item since it was shown: load it anew"}
	}
	return err
}

func (h *Handler) edit(v *view) error {
	r, _, err := v.load()
	if err != nil {
		return err
	}
	body, err := h.editPage(r)
	if err != nil {
		return err
	}
	return v.show("edit", "Edit "+r.PK+" "+r.SK, body)
}

func (h *Handler) editPage(r *row) (*editPage, error) {
	switch {
	case r.Own:
		return nil, badRequest("this is an item of the library's own: it is not changed by hand")
	case r.entity != nil && r.entity.Other != nil:
		return nil, badRequest("items of %s are being moved, and may be at two places: they are changed by the program alone", r.entity.Name)
	}
	body := &editPage{row: r, PKName: h.declared.PK.Name, SKName: h.declared.SK.Name, Token: h.token, Unique: h.unique(r)}
	shown := item{}
	for name, value := range r.item {
		if h.hides(r.entity, name) {
			body.Hidden = append(body.Hidden, name)
			continue
		}
		shown[name] = value
	}
	slices.Sort(body.Hidden)
	var err error
	body.Was, err = storedText(shown)
	body.Now = body.Was
	return body, err
}

// unique lists the unique fields of an item's entity.
func (h *Handler) unique(r *row) (names []string) {
	if r.entity != nil {
		for _, u := range r.entity.Unique {
			names = append(names, u.Field.Name)
		}
	}
	return names
}

// posted returns the item that a form is about, and its page.
func (h *Handler) posted(v *view) (r *row, body *editPage, err error) {
	v.form = v.r.PostForm
	if r, _, err = v.load(); err == nil {
		body, err = h.editPage(r)
	}
	return r, body, err
}

// save writes what the form has changed.
func (h *Handler) save(v *view) error {
	r, body, err := h.posted(v)
	if err != nil {
		return err
	}
	body.Was, body.Now = v.form.Get("was"), v.form.Get("now")
	err = h.change(v, body)
	if known, ok := errors.AsType[*pageError](err); ok {
		body.Problem = known.text
		return v.h.write(v.w, known.status, "edit", "Edit", body)
	}
	if err != nil {
		return err
	}
	v.w.Header().Set("Location", r.Link)
	v.w.WriteHeader(http.StatusSeeOther)
	return nil
}

// remove deletes the item, if it still is as it was shown.
func (h *Handler) remove(v *view) error {
	r, body, err := h.posted(v)
	if err != nil {
		return err
	}
	if len(body.Unique) > 0 {
		return badRequest("%s: other items hold its unique values (%s), so it is deleted by the program alone", r.entity.Name, strings.Join(body.Unique, ", "))
	}
	was, err := parsed("the item as it was shown", v.form.Get("was"))
	if err != nil {
		return err
	}
	key, err := v.key()
	if err != nil {
		return err
	}
	x := expressions{names: map[string]string{}, values: item{}}
	var same []string
	for _, name := range sortedNames(was) {
		same = append(same, x.same(name, was[name]))
	}
	c, err := v.conn()
	if err != nil {
		return err
	}
	err = c.Delete(v.ctx, &dynamodb.DeleteItemInput{
		TableName: &h.declared.Name, Key: key, ConditionExpression: new(strings.Join(same, " AND ")),
		ExpressionAttributeNames: x.names, ExpressionAttributeValues: x.values,
	})
	if err := conflict(err); err != nil {
		return err
	}
	v.w.Header().Set("Location", h.partitionLink("", r.item))
	v.w.WriteHeader(http.StatusSeeOther)
	return nil
}
