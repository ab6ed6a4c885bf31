package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/entable/entable"
)

const perPage = 500

// paged is a transport that answers a query, or the segments of a scan, page by page. The pages are dealt out to the
// segments in turn.
type paged struct {
	pages []*canned
	last  map[string]int // the page that a sort key ends
	step  int
}

func newPaged(n, segments int) *paged {
	p := &paged{last: map[string]int{}, step: segments}
	for page := range slices.Chunk(orders(n), perPage) {
		var items []string
		for _, o := range page {
			items = append(items, itemJSON(&o, kinds[0]))
		}
		end := ""
		if i := len(p.pages); (i+segments)*perPage < n {
			sk := sortKey(kinds[0], &page[len(page)-1])
			p.last[sk] = i
			end = fmt.Sprintf(`"LastEvaluatedKey":{"pk":{"S":%q},"sk":{"S":%q}},`, partition, sk)
		}
		p.pages = append(p.pages, respond(fmt.Appendf(nil, `{"Count":%d,"Items":[%s],%s"ScannedCount":%d}`,
			len(page), strings.Join(items, ","), end, len(page))))
	}
	return p
}

func (p *paged) RoundTrip(req *http.Request) (*http.Response, error) {
	i, err := p.asked(req)
	if err != nil {
		return nil, err
	}
	return p.pages[i].RoundTrip(req)
}

// asked returns the page that a request is for. It takes next to no time, for that would be counted as the client's.
func (p *paged) asked(req *http.Request) (int, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return 0, err
	}
	if _, start, ok := bytes.Cut(body, []byte(`"ExclusiveStartKey":`)); ok {
		after := textBehind(start, `"sk":{"S":"`, '"')
		last, ok := p.last[after]
		if !ok {
			return 0, fmt.Errorf("no page ends with %q", after)
		}
		return last + p.step, nil
	}
	if segment := textBehind(body, `"Segment":`, ','); segment != "" {
		return strconv.Atoi(segment)
	}
	return 0, nil
}

// textBehind returns what stands behind some text, up to the next end.
func textBehind(body []byte, before string, end byte) string {
	_, after, _ := bytes.Cut(body, []byte(before))
	text, _, _ := bytes.Cut(after, []byte{end})
	return string(text)
}

// inTurn is a transport that answers queries of one page, each with the next page of a longer query. One page again and again would be
// in the processor's cache, and its branches known.
type inTurn struct {
	*paged
	next int
}

func newInTurn(pages int) *inTurn { return &inTurn{paged: newPaged(pages*perPage, pages)} } // none is followed by another

func (t *inTurn) RoundTrip(req *http.Request) (*http.Response, error) {
	if _, err := t.asked(req); err != nil {
		return nil, err
	}
	page := t.pages[t.next]
	t.next = (t.next + 1) % len(t.pages)
	return page.RoundTrip(req)
}

// bytes returns how many all pages have.
func (p *paged) bytes() int {
	n := 0
	for _, page := range p.pages {
		n += len(page.body)
	}
	return n
}

func entableScan(orders *entable.Entity[Order], segments int) contestant {
	var found []*Order
	return contestant{name: entabled, run: func(ctx context.Context) error {
		found = nil
		for o, err := range orders.Scan().Segments(segments).All(ctx) {
			if err != nil {
				return err
			}
			found = append(found, o)
		}
		return nil
	}, result: func() any {
		slices.SortFunc(found, func(a, b *Order) int { return strings.Compare(a.OrderID, b.OrderID) })
		return found
	}}
}

func handScan(client *dynamodb.Client, segments int) contestant {
	found, errs := make([][]Order, segments), make([]error, segments)
	scan := func(ctx context.Context, segment int) error {
		found[segment] = nil
		pages := dynamodb.NewScanPaginator(client, &dynamodb.ScanInput{
			TableName: new(tableName), Segment: new(int32(segment)), TotalSegments: new(int32(segments)),
		})
		for pages.HasMorePages() {
			out, err := pages.NextPage(ctx)
			if err != nil {
				return err
			}
			var page []Order
			if err := attributevalue.UnmarshalListOfMaps(out.Items, &page); err != nil {
				return err
			}
			found[segment] = append(found[segment], page...)
		}
		return nil
	}
	return contestant{name: hand, run: func(ctx context.Context) error {
		var wg sync.WaitGroup
		for i := range segments {
			wg.Go(func() { errs[i] = scan(ctx, i) })
		}
		wg.Wait()
		return errors.Join(errs...)
	}, result: func() any {
		all := slices.Concat(found...)
		slices.SortFunc(all, func(a, b Order) int { return strings.Compare(a.OrderID, b.OrderID) })
		return all
	}}
}
