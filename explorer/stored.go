package explorer

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable/internal/wire"
)

// stored returns an item in DynamoDB JSON, a line for each value, without what is hidden.
func (h *Handler) stored(r *row) (string, error) {
	shown := map[string]types.AttributeValue{}
	for name, v := range r.item {
		if h.hides(r.entity, name) {
			v = nil
		}
		shown[name] = v
	}
	return storedText(shown)
}

// storedText returns attributes in DynamoDB JSON; those that are nil are said to be hidden.
func storedText(item map[string]types.AttributeValue) (string, error) {
	var p printer
	p.members(item, "")
	return visible(p.text.String()), p.err
}

// printer writes DynamoDB JSON for people: values that hold others over several lines.
type printer struct {
	text strings.Builder
	err  error
}

func (p *printer) write(parts ...string) {
	for _, part := range parts {
		p.text.WriteString(part)
	}
}

func (p *printer) members(m map[string]types.AttributeValue, indent string) {
	if len(m) == 0 {
		p.write("{}")
		return
	}
	p.write("{\n")
	for i, name := range sortedNames(m) {
		if i > 0 {
			p.write(",\n")
		}
		p.write(indent, "  ", p.quoted(name), ": ")
		p.value(m[name], indent+"  ")
	}
	p.write("\n", indent, "}")
}

func (p *printer) quoted(s string) string {
	text, err := wire.AppendText(nil, s)
	if err != nil && p.err == nil {
		p.err = err
	}
	return string(text)
}

func (p *printer) value(v types.AttributeValue, indent string) {
	switch v := v.(type) {
	case nil:
		p.write(`"•••"`)
	case *types.AttributeValueMemberM:
		p.write(`{"M": `)
		p.members(v.Value, indent)
		p.write("}")
	case *types.AttributeValueMemberL:
		p.list(v.Value, indent)
	default:
		text, err := wire.AppendValue(nil, v)
		if err != nil && p.err == nil {
			p.err = err
		}
		p.write(strings.Replace(string(text), `":`, `": `, 1))
	}
}

func (p *printer) list(list []types.AttributeValue, indent string) {
	if len(list) == 0 {
		p.write(`{"L": []}`)
		return
	}
	p.write(`{"L": [`)
	for i, v := range list {
		if i > 0 {
			p.write(",")
		}
		p.write("\n", indent, "  ")
		p.value(v, indent+"  ")
	}
	p.write("\n", indent, "]}")
}
