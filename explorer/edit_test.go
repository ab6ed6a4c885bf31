package explorer_test

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
	"github.com/entable/entable/explorer"
	"github.com/entable/entable/seal"
)

func attributes(t *testing.T, item map[string]any) map[string]types.AttributeValue {
	t.Helper()
	m, err := attributevalue.MarshalMap(item)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// edited is an item in its form.
type edited struct {
	*shop
	form url.Values
}

const orderKey = "pk=CI%231&sk=OY%230000000000000002026%2300000000000000000007"

func (s *shop) editing(address string) *edited {
	s.t.Helper()
	body := s.get(http.StatusOK, "edit?"+address)
	form := url.Values{}
	for _, name := range []string{"token", "pk", "sk", "was"} {
		form.Set(name, field(s.t, body, name))
	}
	form.Set("now", form.Get("was"))
	return &edited{s, form}
}

func (e *edited) replace(old, text string) *edited {
	e.t.Helper()
	if !strings.Contains(e.form.Get("now"), old) {
		e.t.Fatalf("the form has no %q: %s", old, e.form.Get("now"))
	}
	e.form.Set("now", strings.Replace(e.form.Get("now"), old, text, 1))
	return e
}

func (e *edited) save(status int) string {
	e.t.Helper()
	return plain(e.page(status, e.request(http.MethodPost, "edit", e.form)))
}

func TestAChangeIsSaved(t *testing.T) {
	s := newShop(t, explorer.AllowWrites())
	s.put(s.order("1", 2026, 7))
	e := s.editing(orderKey).replace(`"state": {"S": "placed"}`, `"state": {"S": "paid"}`)
	// Another writer changes something else meanwhile, which stays.
	_, err := s.client.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{
		TableName: new("shop"), Key: attributes(t, map[string]any{"pk": e.form.Get("pk"), "sk": e.form.Get("sk")}),
		UpdateExpression:          new("SET added = :a"),
		ExpressionAttributeValues: attributes(t, map[string]any{":a": "by another program"}),
	})
	if err != nil {
		t.Fatal(err)
	}
	e.save(http.StatusSeeOther)
	o, err := s.orders.QueryIndex("by-state", order{State: "paid"}).One(t.Context())
	if err != nil || o.Version != 2 || o.Secret != secret {
		t.Fatalf("the index has %+v, %v", o, err)
	}
	wants(t, s.get(http.StatusOK, "item?"+orderKey), "by another program")
	wants(t, plain(s.get(http.StatusOK, "audit?run=1")), "No findings")

	s.editing(orderKey).replace(`"state": {"S": "paid"},`, "").save(http.StatusSeeOther)
}

func TestChangesThatAreRefused(t *testing.T) {
	s := newShop(t, explorer.AllowWrites())
	s.put(s.order("1", 2026, 7))
	if err := s.customers.Put(t.Context(), &customer{ID: "1", Email: "a@example.com", Secret: secret}); err != nil {
		t.Fatal(err)
	}
	const customerKey = "pk=CI%231&sk=A"
	for _, c := range []struct {
		key, old, text, want string
	}{
		{orderKey, `"version"`, `"version2": {"N": "1"}, "version"`, ""},
		{orderKey, "{\n", "", "is no item in DynamoDB JSON"},
		{orderKey, `{"N": "2026"}`, `{"N": "x"}`, "is no item in DynamoDB JSON"},
		{orderKey, `{"N": "2026"}`, `{"N": "2025"}`, "wrong primary key"},
		{orderKey, `{"N": "2026"}`, `{"S": "2026"}`, "undecodable item"},
		{orderKey, `"pk": {"S": "CI#1"}`, `"pk": {"S": "CI#2"}`, `"pk" is the item's key`},
		{orderKey, `"_type": {"S": "order"}`, `"_type": {"S": "customer"}`, `"_type" is the item's type`},
		{orderKey, `"version"`, `"secret": {"S": "new"}, "version"`, `"secret" is hidden`},
		{customerKey, "a@example.com", "b@example.com", `"email" is unique`},
		{customerKey, "a@example.com", "a@example.com", "nothing was changed"},
	} {
		e := s.editing(c.key).replace(c.old, c.text)
		if strings.Contains(e.form.Get("was"), "secret") {
			t.Error("the form shows what is hidden")
		}
		if c.want == "" {
			e.save(http.StatusSeeOther)
			continue
		}
		wants(t, e.save(http.StatusBadRequest), c.want)
	}
	late, first := s.editing(orderKey).replace(`"S": "placed"`, `"S": "late"`), s.editing(orderKey).replace(`"S": "placed"`, `"S": "first"`)
	first.save(http.StatusSeeOther)
	wants(t, late.save(http.StatusConflict), "another writer has changed the item")
	s.page(http.StatusBadRequest, s.request(http.MethodPost, "delete", s.editing(customerKey).form))
	s.page(http.StatusConflict, s.request(http.MethodPost, "delete", late.form))
	s.page(http.StatusSeeOther, s.request(http.MethodPost, "delete", s.editing(orderKey).form))
	s.get(http.StatusNotFound, "item?"+orderKey)
	sentinel := s.get(http.StatusOK, "search?q=_unique")
	s.get(http.StatusBadRequest, strings.Replace(link(t, sentinel, `class="key"`), "item?", "edit?", 1))
}

func TestForgedForms(t *testing.T) {
	s := newShop(t, explorer.AllowWrites())
	s.put(s.order("1", 2026, 7))
	for _, path := range []string{"edit", "delete"} {
		for name, forge := range map[string]func(r *http.Request, form url.Values){
			"no token":      func(_ *http.Request, form url.Values) { form.Del("token") },
			"another token": func(_ *http.Request, form url.Values) { form.Set("token", strings.Repeat("A", 26)) },
			"a token of the URL": func(r *http.Request, form url.Values) {
				r.URL.RawQuery = "token=" + form.Get("token")
				form.Del("token")
			},
			"another site":   func(r *http.Request, _ url.Values) { r.Header.Set("Sec-Fetch-Site", "cross-site") },
			"another origin": func(r *http.Request, _ url.Values) { r.Header.Set("Origin", "http://evil.example") },
			"no origin":      func(r *http.Request, _ url.Values) { r.Header.Set("Origin", "null") },
		} {
			e := s.editing(orderKey).replace(`"S": "placed"`, `"S": "forged"`)
			sample := s.request(http.MethodPost, path, url.Values{})
			forge(sample, e.form)
			r := s.request(http.MethodPost, path, e.form)
			r.URL.RawQuery, r.Header = sample.URL.RawQuery, sample.Header
			if res := s.do(r); res.StatusCode != http.StatusForbidden {
				t.Errorf("/%s with %s: status %d", path, name, res.StatusCode)
			}
		}
	}
	e := s.editing(orderKey).replace(`"S": "placed"`, `"S": "mine"`)
	r := s.request(http.MethodPost, "edit", e.form)
	r.Header.Set("Origin", "http://localhost:8080")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	s.page(http.StatusSeeOther, r)
}

type patient struct {
	ID     string `dynamodbav:"id"`
	Name   string `dynamodbav:"name" entable:"encrypt"`
	Notes  string `dynamodbav:"notes" entable:"hidden"`
	Ward   string `dynamodbav:"ward"`
	Secret string `dynamodbav:"secret"`
}

// Attributes that are declared to be encrypted or hidden are on no page, and stay what they are when others are changed.
func TestDeclaredAsHidden(t *testing.T) {
	keys, err := seal.Keys(seal.Key{ID: "k", Secret: bytes.Repeat([]byte{7}, 32)})
	if err != nil {
		t.Fatal(err)
	}
	s := newShop(t, explorer.AllowWrites())
	s.table = entable.NewTable("patients", entable.Encryption(seal.New(keys, seal.Options{})))
	patients := entable.Register[patient](s.table)
	s.table.Use(s.client)
	if err := s.table.CreateTable(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := patients.Put(t.Context(), &patient{ID: "1", Name: secret, Notes: secret, Ward: "north"}); err != nil {
		t.Fatal(err)
	}
	s.site = explorer.New(s.table, explorer.AllowWrites())
	stored, err := s.client.GetItem(t.Context(), &dynamodb.GetItemInput{TableName: new("patients"), Key: attributes(t, map[string]any{"pk": "PI#1", "sk": "A"})})
	if err != nil {
		t.Fatal(err)
	}
	sealed := base64.StdEncoding.EncodeToString(stored.Item["name"].(*types.AttributeValueMemberB).Value)
	for _, address := range []string{"", "item?pk=PI%231&sk=A", "partition?pk=PI%231", "query?entity=patient&f.id=1", "search?q=PI", "edit?pk=PI%231&sk=A", "audit?run=1"} {
		if body := s.get(http.StatusOK, address); strings.Contains(body, sealed) {
			t.Errorf("/%s shows the ciphertext", address)
		}
	}
	wants(t, plain(s.get(http.StatusOK, "item?pk=PI%231&sk=A")), "Decoded as patient", "hidden", "north")
	s.editing("pk=PI%231&sk=A").replace("north", "south").save(http.StatusSeeOther)
	p, err := patients.Get(t.Context(), patient{ID: "1"})
	if err != nil || p.Ward != "south" || p.Name != secret || p.Notes != secret {
		t.Errorf("the program reads %+v, %v", p, err)
	}
	s.editing("pk=PI%231&sk=A").replace(`"ward"`, `"name": {"S": "x"}, "ward"`).save(http.StatusBadRequest)
}
