package keys

import "unicode/utf8"

// Successor returns the smallest key above key.
func Successor(key string) string { return key + "\x00" }

// After returns the smallest valid UTF-8 text above every valid text that
// starts with lead, or "" if there is none, as for lead "". The byte order of
// UTF-8 is the order of code points, so this is lead with its last code point
// raised by one; the greatest code point has no next and is dropped.
func After(lead string) string {
	for lead != "" {
		r, size := utf8.DecodeLastRuneInString(lead)
		lead = lead[:len(lead)-size]
		switch r {
		case utf8.MaxRune:
			continue
		case 0xd7ff: // the surrogates, which UTF-8 does not encode, follow
			r = 0xdfff
		}
		return lead + string(r+1)
	}
	return ""
}
