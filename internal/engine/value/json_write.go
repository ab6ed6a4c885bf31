package value

import (
	"encoding/base64"
	"unicode/utf8"
)

// AppendJSON appends the item as DynamoDB JSON, attributes in name order.
func (it Item) AppendJSON(dst []byte) []byte {
	dst = append(dst, '{')
	for d := it.data; d != ""; {
		var a Attr
		a, d = cutAttr(d)
		dst = appendQuoted(dst, a.Name)
		dst = append(dst, ':')
		dst = a.Value.AppendJSON(dst)
		if d != "" {
			dst = append(dst, ',')
		}
	}
	return append(dst, '}')
}

// AppendJSON appends the value as DynamoDB JSON.
func (v Value) AppendJSON(dst []byte) []byte {
	if v.kind == None {
		return append(dst, "{}"...)
	}
	dst = append(dst, '{', '"')
	dst = append(dst, v.kind.String()...)
	dst = append(dst, '"', ':')
	switch v.kind {
	case S, N, B:
		dst = appendScalar(dst, v.kind, v.data)
	case BOOL:
		if v.data != "" {
			dst = append(dst, "true"...)
		} else {
			dst = append(dst, "false"...)
		}
	case NULL:
		dst = append(dst, "true"...)
	case L:
		dst = append(dst, '[')
		for d := v.data; d != ""; {
			var e Value
			e, d = cutValue(d)
			dst = e.AppendJSON(dst)
			if d != "" {
				dst = append(dst, ',')
			}
		}
		dst = append(dst, ']')
	case M:
		dst = Item{v.data}.AppendJSON(dst)
	default:
		dst = append(dst, '[')
		for d := v.data; d != ""; {
			var e string
			e, d = cutText(d)
			dst = appendScalar(dst, v.kind.Elem(), e)
			if d != "" {
				dst = append(dst, ',')
			}
		}
		dst = append(dst, ']')
	}
	return append(dst, '}')
}

func appendScalar(dst []byte, k Kind, data string) []byte {
	switch k {
	case N:
		dst = append(dst, '"')
		dst = appendNumberText(dst, data)
		return append(dst, '"')
	case B:
		dst = append(dst, '"')
		dst = base64.StdEncoding.AppendEncode(dst, []byte(data))
		return append(dst, '"')
	}
	return appendQuoted(dst, data)
}

// appendQuoted appends s as a JSON string. Only what JSON demands is escaped.
func appendQuoted(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	done := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf || c >= ' ' && c != '"' && c != '\\' {
			i++
			continue
		}
		dst = append(dst, s[done:i]...)
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
		i++
		done = i
	}
	return append(append(dst, s[done:]...), '"')
}
