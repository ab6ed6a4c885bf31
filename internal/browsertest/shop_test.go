package browsertest

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/entable/entable/examples/explorer/sample"
	"github.com/entable/entable/explorer"
)

func TestNavigation(t *testing.T) {
	h, _ := shopHandler(t)
	b := open(t, h, 1280)
	b.visit("")
	b.wantText("CC#{customer_id}", "Index by-state", "Access patterns", "LO#{order_id}#{line}")
	b.follow(`a[href="query?entity=Order"]`)
	b.do(chromedp.SendKeys(chromedp.CSS(`input[name="f.customer_id"]`), "c-1002"))
	b.follow(`form.query button`)
	b.wantText("6 items", `Orders.Query(Order{CustomerID: "c-1002"})`, `"begins_with(#sk, :sk)"`[1:12])
	b.follow(`.rows .key`)
	b.wantText("Decoded as Order", "order_id", `{"N": "1"}`, "Its partition of by-state")
	b.follow(`.links a:nth-child(2)`)
	b.wantText("Partition of by-state", "in the order of by-statesk")
	b.follow(`nav a[href="./"]`)
	b.wantText("Access patterns")
}

func TestAFormIsFilledInAndItsErrorsAreSaid(t *testing.T) {
	h, _ := shopHandler(t)
	b := open(t, h, 1280)
	b.visit("query?entity=Line")
	b.follow(`form.query button`)
	b.wantText("fill in customer_id")
	b.do(
		chromedp.SendKeys(chromedp.CSS(`input[name="f.customer_id"]`), "c-1003"),
		chromedp.SetValue(chromedp.CSS(`#op`), "eq"),
		chromedp.SendKeys(chromedp.CSS(`input[name="f.order_id"]`), "two"),
	)
	b.follow(`form.query button`)
	b.wantText("invalid number")
	if got := eval[string](b, `document.querySelector('input[name="f.order_id"]').value`); got != "two" {
		t.Errorf("the form has forgotten what was filled in: %q", got)
	}
	b.do(chromedp.SetValue(chromedp.CSS(`input[name="f.order_id"]`), "2"))
	b.follow(`form.query button`)
	b.wantText(`Equal(Line{CustomerID: "c-1003", OrderID: 2}, "order_id")`, "LO#0000000000000000002#0000000000000000001")
	if strings.Contains(b.text(), "LO#0000000000000000003") {
		t.Error("the query has read more than was asked for")
	}
}

func TestSearchAuditAndCursors(t *testing.T) {
	h, _ := shopHandler(t)
	b := open(t, h, 1280)
	b.visit("")
	b.do(chromedp.SendKeys(chromedp.CSS(`#find`), "CC#c-1006"))
	b.follow(`.find button`)
	b.wantText("a partition with exactly this key", "examined")
	b.follow(`.note a`)
	b.wantText("50 items on this page")
	first := eval[string](b, `document.querySelector(".rows .key").innerText`)
	b.follow(`a[rel=next]`)
	b.wantText("on this page", "First page", `"ExclusiveStartKey"`)
	if got := eval[string](b, `document.querySelector(".rows .key").innerText`); got == first {
		t.Errorf("the next page begins like the first: %q", got)
	}
	if at := b.address(); strings.Contains(at, "LO%23") {
		t.Errorf("the cursor is a plain key: %s", at)
	}
	b.follow(`a[rel=first]`)
	if got := eval[string](b, `document.querySelector(".rows .key").innerText`); got != first {
		t.Errorf("the first page begins with %q, want %q", got, first)
	}
	b.follow(`nav a[href="audit"]`)
	b.follow(`form.query button`)
	b.wantText("No findings", "the end of the table")
}

// All that can be used is reached by the tab key, in the order of the page, and is seen to have the focus.
func TestKeyboard(t *testing.T) {
	h, _ := shopHandler(t)
	b := open(t, h, 1280)
	for _, address := range []string{"", "query?entity=Order&f.customer_id=c-1001", "search?q=CC"} {
		b.visit(address)
		want := eval[[]string](b, `Array.from(document.querySelectorAll("a, button, input, select, textarea, summary, [tabindex='0']")).filter(e => e.type != "hidden" && e.checkVisibility({contentVisibilityAuto: true}) && !(e.closest("details:not([open])") && e.tagName != "SUMMARY")).map((e, i) => { e.dataset.n = i; return e.tagName + i })`)
		var got []string
		for range min(len(want), 60) {
			b.do(chromedp.KeyEvent(kb.Tab))
			got = append(got, eval[string](b, `document.activeElement.tagName + document.activeElement.dataset.n`))
			if eval[bool](b, `getComputedStyle(document.activeElement).outlineStyle == "none"`) {
				t.Errorf("%s: the focus is not seen on %s", address, eval[string](b, `document.activeElement.outerHTML.slice(0, 200)`))
			}
		}
		if want = want[:len(got)]; strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("%s: the tab key goes to\n%s\nwant\n%s", address, got, want)
		}
	}
	b.visit("")
	b.do(chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(kb.Enter)) // to the content
	if got := eval[string](b, `document.activeElement.id`); got != "main" {
		t.Errorf("the first link leads to %q", got)
	}
	b.visit("query?entity=Order&f.customer_id=c-1001")
	b.do(chromedp.Focus(chromedp.CSS(`.rows summary`)), chromedp.KeyEvent(kb.Enter))
	if !eval[bool](b, `document.querySelector(".rows details").open`) {
		t.Error("an item is not unfolded by the enter key")
	}
}

// pagesOf are addresses of all kinds of pages.
var pagesOf = []string{
	"", "query?entity=Order", "query?entity=Order&op=between&f.customer_id=c-1005&f.order_id=2&t.order_id=9",
	"query?entity=Event&f.day=2026-03-01", "query?entity=Review&index=by-customer&all=1&f.customer_id=c-1001",
	"partition?pk=CC%23c-1006", "item?pk=CC%23c-1003&sk=A", "edit?pk=CC%23c-1003&sk=A", "search?q=sku", "audit?run=1", "nowhere",
}

func TestNarrow(t *testing.T) {
	h, _ := shopHandler(t, explorer.AllowWrites())
	b := open(t, h, 390)
	for _, address := range pagesOf {
		b.visit(address)
		b.unfold()
		b.wantFit()
	}
}

// contrast computes, of each text on the page, how its colour stands out from what is behind it, and returns the worst.
const contrast = `(() => {
	const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true})
	const rgb = c => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = c; canvas.fillRect(0, 0, 1, 1); return Array.from(canvas.getImageData(0, 0, 1, 1).data) }
	const light = c => { const [r, g, b] = c.map(v => { v /= 255; return v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4 }); return .2126 * r + .7152 * g + .0722 * b }
	const behind = e => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c[3] == 255) return c } return rgb("canvas") }
	let worst = [99, ""]
	const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
	for (let n; n = walk.nextNode();) {
		const e = n.parentElement
		if (!n.data.trim() || !e.checkVisibility()) continue
		const a = light(rgb(getComputedStyle(e).color)), b = light(behind(e))
		const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05)
		if (ratio < worst[0]) worst = [ratio, e.outerHTML.slice(0, 200)]
	}
	return worst
})()`

// Texts stand out from what is behind them by 4.5 to 1, as WCAG asks for, by day and by night.
func TestDarkAndLight(t *testing.T) {
	h, _ := shopHandler(t, explorer.AllowWrites())
	backgrounds := map[string]bool{}
	for _, scheme := range []string{"light", "dark"} {
		b := open(t, h, 1280, &emulation.MediaFeature{Name: "prefers-color-scheme", Value: scheme})
		for _, address := range pagesOf {
			b.visit(address)
			worst := eval[[]any](b, contrast)
			if ratio := worst[0].(float64); ratio < 4.5 {
				t.Errorf("%s, %s: contrast %.2f: %s", scheme, address, ratio, worst[1])
			}
		}
		backgrounds[eval[string](b, `getComputedStyle(document.body).backgroundColor`)] = true
	}
	if len(backgrounds) != 2 {
		t.Errorf("both schemes have the background %v", backgrounds)
	}
}

func TestEditing(t *testing.T) {
	h, client := shopHandler(t, explorer.AllowWrites())
	b := open(t, h, 1280)
	b.visit("query?entity=Order&op=get&f.customer_id=c-1001&f.order_id=1")
	b.follow(`.rows .key`)
	b.follow(`a[href^="edit?"]`)
	b.do(chromedp.Evaluate[chromedp.Void](`{ const a = document.querySelector("textarea"); a.value = a.value.replace(/"state": {"S": "[a-z]*"}/, '"state": {"S": "lost"}') }`))
	b.follow(`form.edit button`)
	b.wantText("Decoded as Order", "lost", "OS#lost")
	ctx := withClient(t, client)
	o, err := sample.Orders.Get(ctx, sample.Order{CustomerID: "c-1001", OrderID: 1})
	if err != nil || o.State != "lost" || o.Version != 2 {
		t.Fatalf("the program reads %+v, %v", o, err)
	}
	b.follow(`a[href^="edit?"]`)
	b.do(chromedp.Click(chromedp.CSS(`#sure`)))
	b.follow(`button.danger`)
	b.wantText("Partition", "CC#c-1001")
	if strings.Contains(b.text(), "OO#0000000000000000001") {
		t.Error("the item is still there")
	}
}
