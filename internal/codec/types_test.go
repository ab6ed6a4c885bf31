package codec_test

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// labelled is text inside an item, not as an item.
type labelled struct{ A int }

func (labelled) MarshalText() ([]byte, error) { return []byte("label"), nil }

// shouted is stored otherwise than it is.
type shouted string

func (s shouted) MarshalText() ([]byte, error) { return []byte(strings.ToUpper(string(s))), nil }

type unexported struct{ B int }

// day, even, level and grade are not set at first, and refuse what they then write.
type (
	day   struct{ Year, Month int }
	even  struct{ N byte }
	level int
	grade struct{ N int }
)

var errUnset = errors.New("not set")

func (d day) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "%d/%d", d.Year, d.Month), nil }
func (d *day) UnmarshalText(b []byte) error {
	if _, err := fmt.Sscanf(string(b), "%d/%d", &d.Year, &d.Month); err != nil || d.Month == 0 {
		return errUnset
	}
	return nil
}

func (e even) MarshalBinary() ([]byte, error) {
	if e.N == 0 {
		return nil, nil
	}
	return []byte{e.N, e.N}, nil
}

func (e *even) UnmarshalBinary(b []byte) error {
	if len(b) != 2 {
		return errUnset
	}
	e.N = b[0]
	return nil
}

func (l level) MarshalDynamoDBAttributeValue() (types.AttributeValue, error) {
	return &types.AttributeValueMemberN{Value: strconv.Itoa(int(l))}, nil
}

func (l *level) UnmarshalDynamoDBAttributeValue(av types.AttributeValue) error {
	n, ok := av.(*types.AttributeValueMemberN)
	if !ok || n.Value == "0" {
		return errUnset
	}
	i, err := strconv.Atoi(n.Value)
	*l = level(i)
	return err
}

func (g grade) MarshalDynamoDBAttributeValue() (types.AttributeValue, error) {
	if g.N == 0 {
		return &types.AttributeValueMemberNULL{Value: true}, nil
	}
	return &types.AttributeValueMemberN{Value: strconv.Itoa(g.N)}, nil
}

func (g *grade) UnmarshalDynamoDBAttributeValue(av types.AttributeValue) error {
	if _, ok := av.(*types.AttributeValueMemberN); !ok {
		return errUnset
	}
	g.N = 1
	return nil
}

// atPointer has its methods at the pointer, shortened makes one text of several.
type (
	atPointer struct{ N int }
	shortened struct{ S string }
)

func (k *atPointer) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "p%d", k.N), nil }
func (k *atPointer) UnmarshalText(b []byte) error {
	_, err := fmt.Sscanf(string(b), "p%d", &k.N)
	return err
}

func (k shortened) MarshalText() ([]byte, error)  { return []byte(k.S[:min(1, len(k.S))]), nil }
func (k *shortened) UnmarshalText(b []byte) error { k.S = string(b); return nil }

// item encodes itself.
type item struct{ Name string }

func (i item) MarshalDynamoDBAttributeValue() (types.AttributeValue, error) {
	return &types.AttributeValueMemberM{Value: map[string]types.AttributeValue{"custom": &types.AttributeValueMemberS{Value: i.Name}}}, nil
}

func (i *item) UnmarshalDynamoDBAttributeValue(av types.AttributeValue) error {
	m, ok := av.(*types.AttributeValueMemberM)
	if !ok {
		return fmt.Errorf("not a map: %T", av)
	}
	s, ok := m.Value["custom"].(*types.AttributeValueMemberS)
	if !ok {
		return fmt.Errorf("no custom")
	}
	i.Name = s.Value
	return nil
}
