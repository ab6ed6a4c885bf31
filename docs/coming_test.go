package docs_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/expression"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
	"github.com/entable/entable/memory"
)

type Customer struct {
	ID   string `dynamodbav:"id"`
	Name string `dynamodbav:"name"`
}

type Order struct {
	Customer string `dynamodbav:"customer"`
	No       int    `dynamodbav:"no"`
	State    string `dynamodbav:"state"`
}

// By hand: keys are texts that each function puts together.

type orderItem struct {
	PK   string `dynamodbav:"pk"`
	SK   string `dynamodbav:"sk"`
	Type string `dynamodbav:"_type"`
	Order
}

func orderKey(customer string, no int) (pk, sk string) {
	return "CUSTOMER#" + customer, fmt.Sprintf("ORDER#%08d", no)
}

func createOrderByHand(ctx context.Context, client *dynamodb.Client, o Order) error {
	pk, sk := orderKey(o.Customer, o.No)
	item, err := attributevalue.MarshalMap(orderItem{PK: pk, SK: sk, Type: "Order", Order: o})
	if err != nil {
		return err
	}
	_, err = client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: aws.String("shop"), Item: item, ConditionExpression: aws.String("attribute_not_exists(pk)"),
	})
	if _, taken := errors.AsType[*types.ConditionalCheckFailedException](err); taken {
		return errors.New("there is such an order") // or the SDK repeated it, and it was this one
	}
	return err
}

func openOrdersByHand(ctx context.Context, client *dynamodb.Client, customer string) (found []Order, err error) {
	pk, _ := orderKey(customer, 0)
	expr, err := expression.NewBuilder().
		WithKeyCondition(expression.Key("pk").Equal(expression.Value(pk)).And(expression.Key("sk").BeginsWith("ORDER#"))).
		WithFilter(expression.Name("state").Equal(expression.Value("open"))).Build()
	if err != nil {
		return nil, err
	}
	pages := dynamodb.NewQueryPaginator(client, &dynamodb.QueryInput{
		TableName: aws.String("shop"), KeyConditionExpression: expr.KeyCondition(), FilterExpression: expr.Filter(),
		ExpressionAttributeNames: expr.Names(), ExpressionAttributeValues: expr.Values(),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		var orders []Order
		if err := attributevalue.UnmarshalListOfMaps(page.Items, &orders); err != nil {
			return nil, err
		}
		found = append(found, orders...)
	}
	return found, nil
}

// With entable, on the same items: the keys are those that are stored.

var (
	ShopTable = entable.NewTable("shop")
	Customers = entable.Register[Customer](ShopTable, entable.PK("id", entable.Prefix("CUSTOMER")))
	Orders    = entable.Register[Order](ShopTable, entable.PK("customer", entable.PrefixOf(Customers)),
		entable.SK(entable.Attr("no").Width(8), entable.Prefix("ORDER")))

	orderState = entable.Field(Orders, func(o *Order) *string { return &o.State })
)

func createOrder(ctx context.Context, o Order) error {
	return Orders.Create(ctx, &o) // matches entable.ErrExists
}

func openOrders(ctx context.Context, customer string) (found []*Order, err error) {
	for o, err := range Orders.Query(Order{Customer: customer}).Filter(orderState.Equal("open")).All(ctx) {
		if err != nil {
			return nil, err
		}
		found = append(found, o)
	}
	return found, nil
}

func Example_byHand() {
	ctx := start(ShopTable)
	check(createOrderByHand(ctx, client(ctx), Order{Customer: "ann", No: 1, State: "open"}))
	check(createOrder(ctx, Order{Customer: "ann", No: 2, State: "open"}))
	fmt.Println(createOrderByHand(ctx, client(ctx), Order{Customer: "ann", No: 2}))
	fmt.Println(errors.Is(createOrder(ctx, Order{Customer: "ann", No: 1}), entable.ErrExists))

	a, err := openOrdersByHand(ctx, client(ctx), "ann")
	check(err)
	b, err := openOrders(ctx, "ann")
	check(err)
	fmt.Println(a, *b[0], *b[1])
	// Output:
	// there is such an order
	// true
	// [{ann 1 open} {ann 2 open}] {ann 1 open} {ann 2 open}
}

// Widget as guregu/dynamo has stored it, in a table whose key attributes are fields.
type Widget struct {
	UserID   int       `dynamodbav:"UserID"`
	Time     time.Time `dynamodbav:"Time"`
	Message  string    `dynamodbav:"Message,omitempty"` // it leaves out empty texts
	Count    int       `dynamodbav:"Count"`
	Friends  []string  `dynamodbav:"Friends,stringset,omitempty"`
	Children []string  `dynamodbav:"Children"` // and stores empty lists
}

var (
	WidgetTable = entable.NewTable("Widgets", entable.NoDiscriminator(),
		entable.PartitionKey("UserID", types.ScalarAttributeTypeN), entable.SortKey("Time", types.ScalarAttributeTypeS))
	Widgets = entable.Register[Widget](WidgetTable)

	widgetCount = entable.Field(Widgets, func(w *Widget) *int { return &w.Count })
)

func Example_guregu() {
	ctx := start(WidgetTable)
	noon := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	for n := range 20 {
		w := Widget{UserID: 613, Time: noon.Add(time.Duration(n) * time.Hour), Message: "hello", Count: n}
		check(Widgets.Put(ctx, &w))
	}

	w, err := Widgets.Get(ctx, Widget{UserID: 613, Time: noon})
	check(err)
	n, err := Widgets.Query(Widget{UserID: 613}).Equal(Widget{Time: noon}).Filter(widgetCount.Greater(10)).Count(ctx)
	check(err)
	last, err := Widgets.Query(Widget{UserID: 613}).Reverse().Limit(3).Page(ctx)
	check(err)
	w, err = Widgets.Update(*w).Set("Message", "bye").Add("Count", 1).Updated(ctx)
	check(err)
	fmt.Println(n, len(last.Items), w.Message, w.Count)
	// Output: 0 3 bye 1
}

// Assignment is stored as ElectroDB stores the entity "tasks" of the service "taskapp".
type Assignment struct {
	Employee string `dynamodbav:"employeeId"`
	Project  string `dynamodbav:"projectId"`
	ID       string `dynamodbav:"taskId"`
	Title    string `dynamodbav:"title"`
	Version  string `dynamodbav:"__edb_v__" entable:"default=1"`
}

var (
	TaskApp = entable.NewTable("projectmanagement", entable.Discriminator("__edb_e__"),
		entable.GSI("gsi2", entable.PartitionKey("gsi2pk", S), entable.SortKey("gsi2sk", S)))
	Assignments = entable.Register[Assignment](TaskApp, entable.Name("tasks"),
		pk("$taskapp#projectid_{projectId}"), sk("$tasks_1#taskid_{taskId}"),
		entable.Derived("employee", []string{"employeeId"}, func(a *Assignment) string { return strings.ToLower(a.Employee) }),
		entable.Index("gsi2", pk("$taskapp#employeeid_{employee}"), sk("$assignments#tasks_1#projectid_{projectId}")))
)

func Example_electro() {
	db := memory.New()
	ctx := entable.WithClient(context.Background(), db.Client())
	check(TaskApp.CreateTable(ctx))
	items, err := os.Open("testdata/tasks.jsonl")
	check(err)
	check(db.SeedJSON("projectmanagement", items))

	for finding, err := range TaskApp.Audit(ctx, entable.AuditOptions{}) {
		fmt.Println(finding, err) // nothing: each key is what the attributes make
	}
	task, err := Assignments.QueryIndex("gsi2", Assignment{Employee: "JExotic"}).One(ctx)
	check(err)
	check(Assignments.Update(*task).Set("title", "write more").Do(ctx))
	task, err = Assignments.Get(ctx, Assignment{Project: "web", ID: "t1"})
	check(err)
	fmt.Println(task.Title)
	// Output: write more
}

// Tenant and TenantUser are stored as OneTable stores the models Account and User of its example.
type Tenant struct {
	Name   string `dynamodbav:"name" validate:"required"`
	ID     string `dynamodbav:"id" entable:"auto=ulid"`
	Status string `dynamodbav:"status" entable:"default=active"`
}

type TenantUser struct {
	Account string  `dynamodbav:"accountName"`
	Email   string  `dynamodbav:"email" validate:"email"`
	Role    string  `dynamodbav:"role" entable:"default=user" validate:"oneof=user admin"`
	Balance float64 `dynamodbav:"balance"`
}

var (
	OneTable = entable.NewTable("MyTable", entable.GSI("gs1"))
	Tenants  = entable.Register[Tenant](OneTable, entable.Name("Account"), pk("account:{name}"), sk("account:"))
	Users    = entable.Register[TenantUser](OneTable, entable.Name("User"), pk("account:{accountName}"), sk("user:{email}"),
		entable.Index("gs1", pk("user-email:{email}"), sk("user:")))

	userBalance = entable.Field(Users, func(u *TenantUser) *float64 { return &u.Balance })
)

func Example_oneTable() {
	ctx := start(OneTable)
	check(Tenants.Create(ctx, &Tenant{Name: "Acme"}))
	for n, role := range []string{"admin", "user"} {
		u := TenantUser{Account: "Acme", Email: "u" + strconv.Itoa(n) + "@example.com", Role: role, Balance: 150 * float64(n)}
		check(Users.Create(ctx, &u))
	}
	byEmail, err := Users.QueryIndex("gs1", TenantUser{Email: "u1@example.com"}).One(ctx)
	check(err)
	rich, err := Users.Query(TenantUser{Account: "Acme"}).Filter(userBalance.Greater(100)).Count(ctx)
	check(err)
	check(Users.Update(*byEmail).Add("balance", 10.0).Do(ctx))
	for item, err := range OneTable.Query(Tenant{Name: "Acme"}).All(ctx) {
		check(err)
		fmt.Printf("%T\n", item)
	}
	fmt.Println(byEmail.Role, rich)
	// Output:
	// *docs_test.Tenant
	// *docs_test.TenantUser
	// *docs_test.TenantUser
	// user 1
}
