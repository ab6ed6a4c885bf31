package browsertest

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
	"github.com/entable/entable/explorer"
	"github.com/entable/entable/memory"
)

func withClient(t *testing.T, client *dynamodb.Client) context.Context {
	return entable.WithClient(t.Context(), client)
}

// hostile are texts that would do something if they were taken for more than text.
var hostile = []string{
	`<script>document.title="owned"</script>`,
	`<img src=x onerror="document.title='owned'">`,
	`" autofocus onfocus="document.title='owned'" x="`,
	`'><svg onload=document.title="owned">`,
	`</textarea></pre></title></style><script>document.title="owned"</script>`,
	`javascript:document.title="owned"`,
	`{{.}}{{template "main"}}`,
	"a\u202eb\u2066c\u2069 \u200f\u200b",
	"tab\tnew\nline\x00\x1b[31m\x7f",
	"&lt;b&gt; &amp;quot; &#x3c;",
	"\u05d0\u05d1\u05d2 and \u0627\u0644",
	"\u2028\u2029 \U000e0041\ufeff",
	strings.Repeat("W", 600),
}

type thing struct {
	ID   string         `dynamodbav:"id"`
	Rank string         `dynamodbav:"rank"`
	Text string         `dynamodbav:"text"`
	Rest map[string]any `entable:"rest"`
}

// Whatever is in keys, values and names of attributes is shown as text, and nothing else happens.
func TestHostileItems(t *testing.T) {
	client := memory.New().Client()
	table := entable.NewTable("hostile", entable.RawUnknown())
	entity := entable.Register[thing](table, entable.PK("id"), entable.SK("rank"), entable.Name(`<b onclick="x">`))
	table.Use(client)
	ctx := t.Context()
	if err := table.CreateTable(ctx); err != nil {
		t.Fatal(err)
	}
	for i, text := range hostile {
		err := entity.Put(ctx, &thing{ID: "1", Rank: text, Text: text, Rest: map[string]any{text: map[string]any{text: []any{text}}}})
		if err != nil {
			t.Fatal(err)
		}
		// And an item of no entity, which has nothing but the key that another program gave it.
		s := &types.AttributeValueMemberS{Value: text}
		_, err = client.PutItem(ctx, &dynamodb.PutItemInput{TableName: new("hostile"), Item: map[string]types.AttributeValue{
			"pk": s, "sk": s, "_type": s, text: s, fmt.Sprint("n", i): &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{text: s}},
		}})
		if err != nil {
			t.Fatal(err)
		}
	}
	b := open(t, explorer.New(table, explorer.AllowWrites()), 390)
	name := url.QueryEscape(`<b onclick="x">`)
	pages := []string{"", "query?entity=" + name + "&f.id=1", "search?q=", "audit?run=1"}
	for _, text := range hostile {
		q := url.QueryEscape(text)
		pages = append(pages, "partition?pk="+q, "item?pk="+q+"&sk="+q, "edit?pk="+q+"&sk="+q, "search?q="+q, "query?entity="+q,
			"query?entity="+name+"&op=eq&f.id="+q+"&f.rank="+q, "partition?index="+q+"&pk="+q+"&after="+q)
	}
	for _, address := range pages {
		b.visit(address)
		b.unfold()
		b.wantFit()
		if title := eval[string](b, `document.title`); title == "owned" {
			t.Errorf("%s: a script was run", address)
		}
		if n := eval[int](b, `document.querySelectorAll("script, img, b:not(.counts b), [onclick], [onfocus], [onerror], [onload], main svg, iframe, object").length`); n > 0 {
			t.Errorf("%s: %d elements come from an item", address, n)
		}
		if odd := eval[string](b, `Array.from(document.querySelectorAll("a")).map(a => a.protocol).filter(p => p != "http:").join(" ")`); odd != "" {
			t.Errorf("%s has a link to %s", address, odd)
		}
		if bad := eval[string](b, `(document.body.innerText.match(/[\u202a-\u202e\u2066-\u2069\u200b\u200e\u200f\u2028\u2029\ufeff\u0000\u001b\u007f]/) || [""])[0]`); bad != "" {
			t.Errorf("%s shows %q as it is", address, bad)
		}
	}
	b.visit("item?" + url.Values{"pk": {hostile[7]}, "sk": {hostile[7]}}.Encode())
	b.wantText("U+202E", `\u202e`)
	b.visit("item?" + url.Values{"pk": {hostile[0]}, "sk": {hostile[0]}}.Encode())
	b.wantText(hostile[0])
}
