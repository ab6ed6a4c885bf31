package twin_test

import (
	"maps"
	"slices"
)

// differences are the changes that make a thing of another.
func differences(b, a facet) (out []change) {
	differ := func(name string, same bool, do func(f facet)) {
		if !same {
			out = append(out, change{root: name, do: do})
		}
	}
	differ("state", a.State == b.State, func(f facet) { f.State = a.State })
	differ("rank", a.Rank == b.Rank, func(f facet) { f.Rank = a.Rank })
	differ("n", a.N == b.N, func(f facet) { f.N = a.N })
	differ("c", a.C == b.C, func(f facet) { f.C = a.C })
	differ("kind", a.Kind == b.Kind, func(f facet) { f.Kind = a.Kind })
	differ("log", slices.Equal(a.Log, b.Log), func(f facet) { f.Log = a.Log })
	differ("tags", slices.Equal(slices.Sorted(slices.Values(a.Tags)), slices.Sorted(slices.Values(b.Tags))), func(f facet) { f.Tags = a.Tags })
	differ("map", maps.Equal(a.Map, b.Map), func(f facet) { f.Map = a.Map })
	differ("gen", a.Gen == b.Gen, func(f facet) { f.Gen = a.Gen })
	differ("born", a.Born.Equal(b.Born), func(f facet) { f.Born = a.Born })
	differ("blob", a.Blob == b.Blob, func(f facet) { f.Blob = a.Blob })
	differ("secret", a.Secret == b.Secret, func(f facet) { f.Secret = a.Secret })
	differ("until", a.Until == b.Until, func(f facet) { f.Until = a.Until })
	differ("mark", a.Mark == b.Mark, func(f facet) { f.Mark = a.Mark })
	for _, name := range slices.Sorted(maps.Keys(a.Rest)) {
		differ("rest "+name, plain(a.Rest[name]) == plain(b.Rest[name]), func(f facet) { f.setRest(name, a.Rest[name]) })
	}
	for _, name := range slices.Sorted(maps.Keys(b.Rest)) {
		if _, ok := a.Rest[name]; !ok {
			differ("rest "+name, false, func(f facet) { f.setRest(name, nil) })
		}
	}
	if a.email != nil {
		differ("email", *a.email == *b.email, func(f facet) { *f.email = *a.email })
		differ("code", *a.code == *b.code, func(f facet) { *f.code = *a.code })
	}
	return out
}

func (f facet) setRest(name string, v any) {
	f.Rest = maps.Clone(f.Rest)
	if f.Thing.Rest = f.Rest; v == nil {
		delete(f.Rest, name)
		return
	}
	if f.Rest == nil {
		f.Thing.Rest = map[string]any{}
	}
	f.Thing.Rest[name] = v
}
