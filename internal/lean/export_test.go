package lean

// KnowsOption reports whether the rules speak of a field of the client's options.
func KnowsOption(name string) bool { return rules[name] != nil }
