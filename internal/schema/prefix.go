package schema

import (
	"strings"
	"unicode"

	"github.com/entable/entable/internal/manifest"
)

// claim says who holds a prefix.
type claim struct {
	owner  string // the entity's name
	what   string // its key
	shared bool   // others may start with the same: the fixed text or explicit prefix of a key that is not the table's partition key
}

// prefix reserves the key's own prefix. locked is what the lock has of the key, or nil.
func (r *registration) prefix(s keySettings, separator, what string, locked *manifest.Key) (string, error) {
	text := s.segs[0].Literal
	if s.prefix != nil {
		text = *s.prefix
	}
	repeats := s.prefix == nil || what != partitionKey
	switch owner := r.t.Lock.Foreign(text, r.locked, repeats); {
	case text == SentinelPrefix:
		return "", r.errorf(what, "prefix %q is reserved for unique fields: choose another", SentinelPrefix)
	case text == ManifestPrefix:
		return "", r.errorf(what, "prefix %q is reserved for the manifest: choose another", ManifestPrefix)
	case owner != "":
		return "", r.errorf(what, "prefix %q is reserved for %s by the lock: choose another, share its partitions with entable.PrefixOf, or, if this is its new name, say entable.Was(%q)", text, owner, owner)
	case s.prefix != nil:
		c, ok := r.t.reg.taken[*s.prefix]
		if ok && !repeats && !c.shared && (locked == nil || locked.Prefix != *s.prefix) {
			return "", r.errorf(what, "prefix %q is taken by the %s of %s: choose another, or share its partitions with entable.PrefixOf", *s.prefix, c.what, c.owner)
		}
		if !ok || !repeats {
			r.claim(*s.prefix, what, repeats)
		}
		return *s.prefix, nil
	case text != "":
		if c, ok := r.t.reg.taken[text]; ok && !c.shared {
			return "", r.errorf(what, "Literal %q is a prefix of %s: choose another, or begin that key with the same entable.Literal", text, c.owner)
		}
		if _, ok := r.taken[text]; !ok {
			r.claim(text, what, true)
		}
		return "", nil
	case s.noPrefix:
		return "", nil
	}
	if locked != nil && locked.Prefix != "" {
		r.generated[s.comps[0].path] = locked.Prefix
		r.claim(locked.Prefix, what, false)
		return locked.Prefix, nil
	}
	return r.generate(s.comps[0].path, separator, what)
}

func (r *registration) claim(prefix, what string, shared bool) {
	r.taken[prefix] = claim{owner: r.e.Name, what: what, shared: shared}
}

func (r *registration) holder(prefix string) string {
	if owner := r.t.Lock.Foreign(prefix, nil, false); owner != "" {
		return owner
	}
	if c, ok := r.t.reg.taken[prefix]; ok {
		return c.owner
	}
	return r.taken[prefix].owner
}

// generate makes the default prefix: the first letter of the entity's name, then the attribute's
// characters one by one, all in upper case, until the result is not taken on the table.
func (r *registration) generate(attr, separator, what string) (string, error) {
	if p, ok := r.generated[attr]; ok {
		return p, nil
	}
	first := []rune(r.e.Origin)[0]
	var p strings.Builder
	p.WriteString(string(unicode.ToUpper(first)))
	for _, c := range attr {
		p.WriteString(string(unicode.ToUpper(c)))
		if strings.Contains(p.String(), separator) {
			return "", r.errorf(what, "no prefix can be made of attribute %q: %q contains the separator: choose one with entable.Prefix(\"…\")", attr, p.String())
		}
		if r.holder(p.String()) == "" {
			r.generated[attr] = p.String()
			r.claim(p.String(), what, false)
			return p.String(), nil
		}
	}
	return "", r.errorf(what, "every prefix that can be made of attribute %q is taken on table %q: choose one with entable.Prefix(\"…\")", attr, r.t.Name)
}
