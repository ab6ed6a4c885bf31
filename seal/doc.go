// Package seal encrypts attributes with AES-256-GCM, for entable.Encryption. It needs nothing but the standard library.
//
//	keys, err := seal.Keys(seal.Key{ID: "2026-11", Secret: secret}, old...)
//	by := seal.New(keys, seal.Options{})
//	table := entable.NewTable("orders", entable.Encryption(by))
//
// # Keys
//
// Each ciphertext names the key that it was made with, so that keys can be rotated: a new one writes, the others are still read. Where
// keys come from is a [KeySource]: [Keys] has those that the program was given; a source of a user's own gets data keys from a key
// service. With AWS KMS, DataKey calls GenerateDataKey and Unwrap calls Decrypt, with an encryption context of the user's choice; the
// example of [KeySource] shows it. A data key that a service has wrapped is stored with each ciphertext, in its wrapped form, which is
// about 180 bytes with KMS.
//
// # Calls of a key service
//
// A [Sealer] asks its source for a data key when it has none to write with: at the first Seal, and when the key has been used for
// [Options].MaxAge or MaxUses. It asks for an unwrapped key when it opens a ciphertext whose key it does not have; it keeps
// MaxCached of them, those that were used last. All that want one key at the same time wait for one call. Errors of the source are not
// kept. So reads and writes of items call the service once for each key, as a rule.
//
// # Limits
//
// With one AES-GCM key, random nonces of 96 bits may be used for at most 2^32 messages, in all programs that have the key (NIST SP
// 800-38D, 8.3). That is why no key encrypts by itself here: each ciphertext has 24 random bytes, of which 12 make, by HKDF-SHA-256, a key
// of its own from that of its ID, and 12 are the nonce. Two of 2^80 ciphertexts share both with a probability of 2^-32. So a key needs
// no rotation for its uses, but for how long it is known to how many.
//
// # Form
//
//	1 byte   1, the form
//	1 byte   the length of the key's ID, and the ID
//	2 bytes  the length of the wrapped key, and the wrapped key
//	24 bytes random
//	n bytes  the ciphertext, as long as the plaintext
//	16 bytes tag
//
// All in front of the ciphertext is authenticated with it, as is what it is bound to. The length of the plaintext can be seen.
package seal
