package schema

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Settings are what a table has besides what is declared of it: they come from a program's configuration, which may be read later.
// They are not changed: others take their place.
type Settings struct {
	Gen      *Generator
	Encrypts bool
	BoundTo  string            // the table that encrypted attributes belong to
	hashKeys map[string][]byte // by their names in tags; nil for one that is not given yet
}

var noSettings = &Settings{Gen: DefaultGenerator}

// Settings returns those of the table as they are now.
func (t *Table) Settings() *Settings {
	if s := t.settings.Load(); s != nil {
		return s
	}
	return noSettings
}

// Configure gives the table other settings: those of d, and the hash keys that it has besides.
func (t *Table) Configure(d SettingsDecl) error {
	reason := d.check()
	if reason == "" {
		reason = t.checkHashNames(d.HashKeys)
	}
	if reason != "" {
		return &Fault{Kind: WrongDeclaration, Entity: fmt.Sprintf("table %q", t.Name), Reason: reason}
	}
	t.settings.Store(d.over(t.Settings(), t.Name))
	return nil
}

// over returns the settings of d for the table with a name, over those that it has.
func (d *SettingsDecl) over(old *Settings, table string) *Settings {
	s := &Settings{
		Gen: cmp.Or(d.Gen, DefaultGenerator), Encrypts: d.Encrypts,
		BoundTo: append(slices.Clip(d.BoundTo), BareName(table))[0], hashKeys: map[string][]byte{},
	}
	maps.Copy(s.hashKeys, old.hashKeys)
	for _, k := range d.HashKeys {
		s.hashKeys[k.Name] = bytes.Clone(k.Key)
	}
	return s
}

func (d *SettingsDecl) check() string {
	if len(d.BoundTo) > 1 {
		return "Encryption: give at most one name to bind to"
	}
	for i, k := range d.HashKeys {
		switch {
		case k.Key != nil && len(k.Key) < minHashKey:
			return fmt.Sprintf("HashKey(%q): %d bytes are too few: use %d random ones", k.Name, len(k.Key), minHashKey)
		case slices.ContainsFunc(d.HashKeys[:i], func(o HashKey) bool { return o.Name == k.Name }):
			return fmt.Sprintf("HashKey(%q): it is given twice", k.Name)
		}
	}
	return ""
}

// checkHashNames refuses hash keys under names that no field can have: once the table has such names, or entities, whose fields are
// compared with them at registration, another one is a slip, and the key that it was meant for would stay as it is.
func (t *Table) checkHashNames(given []HashKey) string {
	s := t.Settings()
	if len(s.hashKeys) == 0 && len(t.Directory().All) == 0 {
		return ""
	}
	for _, k := range given {
		if !s.knows(k.Name) {
			return fmt.Sprintf("HashKey(%q): no field can have it, as the table has %s: correct the name, or give HashKey(%q, nil) to NewTable", k.Name, s.hashNames(), k.Name)
		}
	}
	return ""
}

// hashNames lists the names of hash keys, for errors.
func (s *Settings) hashNames() string {
	if len(s.hashKeys) == 0 {
		return "no hash keys"
	}
	var names []string
	for _, name := range slices.Sorted(maps.Keys(s.hashKeys)) {
		names = append(names, strconv.Quote(name))
	}
	return "the hash keys " + strings.Join(names, ", ")
}

// knows reports whether there is, or will be, a key of hashes with a name in tags.
func (s *Settings) knows(name string) bool {
	_, ok := s.hashKeys[name]
	return ok
}

// hashKey returns the key of hashes with a name in tags.
func (s *Settings) hashKey(name string) ([]byte, error) {
	key := s.hashKeys[name]
	if key == nil {
		return nil, fmt.Errorf("the table's hash key %q is not given yet: see entable.Table.Configure", name)
	}
	return key, nil
}
