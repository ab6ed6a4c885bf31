package entable_test

import (
	"context"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"

	"github.com/entable/entable"
	"github.com/entable/entable/memory"
)

type nothing struct {
	ID string `dynamodbav:"id"`
}

// Values that nobody has declared give a sentence, never a nil dereference.
func TestZeroValues(t *testing.T) {
	ctx := entable.WithClient(t.Context(), memory.New().Client())
	var unregistered *entable.Entity[nothing]
	var undeclared entable.Table
	var query entable.Query[nothing]
	var scan entable.Scan[nothing]
	var mixed entable.ItemsQuery
	v := &nothing{ID: "1"}
	condition := expression.AttributeExists(expression.Name("id"))
	for name, test := range map[string]struct {
		call func() error
		want string
	}{
		"put":          {func() error { return unregistered.Put(ctx, v) }, "not registered"},
		"create":       {func() error { return (&entable.Entity[nothing]{}).Create(ctx, v) }, "not registered"},
		"get":          {func() error { _, err := unregistered.Get(ctx, *v); return err }, "not registered"},
		"get input":    {func() error { _, err := unregistered.GetInput(ctx, *v); return err }, "not registered"},
		"delete":       {func() error { return unregistered.Delete(ctx, *v) }, "not registered"},
		"remove":       {func() error { return unregistered.Remove(ctx, v) }, "not registered"},
		"update":       {func() error { return unregistered.Update(*v).Set("a", 1).Do(ctx) }, "not registered"},
		"updated":      {func() error { _, err := unregistered.Update(*v).Set("a", 1).Updated(ctx); return err }, "not registered"},
		"update input": {func() error { _, err := unregistered.Patch(v).Input(ctx); return err }, "not registered"},
		"save":         {func() error { return unregistered.SaveChanges(ctx, *v, v) }, "not registered"},
		"put input":    {func() error { _, err := unregistered.PutOp(v).Input(ctx); return err }, "not registered"},
		"delete input": {func() error { _, err := unregistered.DeleteOp(*v).Input(ctx); return err }, "not registered"},
		"check input":  {func() error { _, err := unregistered.CheckOp(*v, condition).Input(ctx); return err }, "not registered"},
		"batch": {func() error {
			return entable.BatchWrite(ctx, []entable.Write{unregistered.PutOp(v)})
		}, "not registered"},
		"transaction": {func() error {
			return entable.Transact(ctx, []entable.Write{unregistered.CheckOp(*v, condition)})
		}, "not registered"},
		"batch get":    {func() error { _, err := unregistered.BatchGet(ctx, []nothing{*v}); return err }, "not registered"},
		"transact get": {func() error { _, err := unregistered.TransactGet(ctx, []nothing{*v}); return err }, "not registered"},
		"query":        {func() error { _, err := unregistered.Query(*v).Limit(1).First(ctx); return err }, "not registered"},
		"query index":  {func() error { _, err := unregistered.QueryIndex("x", *v).Less(*v).Count(ctx); return err }, "not registered"},
		"scan":         {func() error { _, err := unregistered.Scan().Index("x").Page(ctx); return err }, "not registered"},
		"to item":      {func() error { _, err := unregistered.ToItem(v); return err }, "not registered"},
		"from item":    {func() error { _, err := unregistered.FromItem(nil); return err }, "not registered"},
		"size":         {func() error { _, err := unregistered.Size(v); return err }, "not registered"},
		"zero query":   {func() error { _, err := query.Limit(1).Equal(*v).One(ctx); return err }, "not started"},
		"query input":  {func() error { _, err := query.Input(ctx); return err }, "not started"},
		"zero scan":    {func() error { _, err := scan.Segments(2).Count(ctx); return err }, "not started"},
		"scan input":   {func() error { _, err := scan.Index("x").Input(ctx); return err }, "not started"},
		"zero mixed":   {func() error { _, err := mixed.Between(*v, nil).Only().First(ctx); return err }, "not started"},
		"table":        {func() error { return undeclared.CreateTable(ctx) }, "not declared"},
		"exists":       {func() error { _, err := (*entable.Table)(nil).Exists(ctx); return err }, "not declared"},
		"verify":       {func() error { return undeclared.Verify(ctx) }, ""},
		"mixed query":  {func() error { _, err := undeclared.Query(*v).First(ctx); return err }, "not registered on it"},
		"table scan":   {func() error { _, err := undeclared.Scan().First(ctx); return err }, "not declared"},
		"register": {func() error {
			_, err := entable.TryRegister[nothing](&undeclared)
			return err
		}, "not declared"},
	} {
		t.Run(name, func(t *testing.T) {
			err := test.call()
			if err == nil || !entable.IsError(err) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
		})
	}
	if unregistered.Name() != "" || unregistered.Table() != nil || unregistered.Expired(v) {
		t.Error("an entity that is not registered has a name, a table or expired items")
	}
}

// An option that is nil is refused before any request.
func TestNilOptions(t *testing.T) {
	table := entable.NewTable("nil-options")
	items := entable.Register[nothing](table)
	ctx := entable.WithClient(context.Background(), memory.New().Client())
	v := &nothing{ID: "1"}
	for name, call := range map[string]func() error{
		"table":        func() error { _, err := entable.TryNewTable("nil-option", nil); return err },
		"index":        func() error { _, err := entable.TryNewTable("nil-option", entable.GSI("gsi1", nil)); return err },
		"entity":       func() error { _, err := entable.TryRegister[nothing](entable.NewTable("nil-option"), nil); return err },
		"put":          func() error { return items.Put(ctx, v, nil) },
		"remove":       func() error { return items.Remove(ctx, v, entable.SkipHooks(true), nil) },
		"get":          func() error { _, err := items.Get(ctx, *v, nil); return err },
		"batch get":    func() error { _, err := items.BatchGet(ctx, []nothing{*v}, nil); return err },
		"transact get": func() error { _, err := items.TransactGet(ctx, []nothing{*v}, nil); return err },
		"batch":        func() error { return entable.BatchWrite(ctx, []entable.Write{items.PutOp(v)}, nil) },
		"batch writer": func() error { return entable.NewBatchWriter(nil).Write(ctx, items.PutOp(v)) },
		"transaction":  func() error { return entable.Transact(ctx, []entable.Write{items.PutOp(v)}, nil) },
	} {
		if err := call(); err == nil || !entable.IsError(err) || !strings.Contains(err.Error(), "is nil: leave it out") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}
