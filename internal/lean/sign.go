package lean

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Signature version 4, for requests of which all that is signed is known but for the date, the session token and the body's
// hash.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html

const (
	algorithm  = "AWS4-HMAC-SHA256"
	terminator = "aws4_request"
	timeFormat = "20060102T150405Z"
	dayDigits  = len("20060102")
)

// signed is a header as it is signed: its name in lower case.
type signed struct{ name, value string }

// canonical returns what is hashed for a signature, up to the body's hash. The headers are sorted.
func canonical(method, path string, headers []signed) string {
	var text strings.Builder
	text.WriteString(method + "\n" + path + "\n\n")
	for _, h := range headers {
		text.WriteString(h.name + ":" + h.value + "\n")
	}
	return text.String() + "\n" + names(headers) + "\n"
}

func names(headers []signed) string {
	all := make([]string, len(headers))
	for i, h := range headers {
		all[i] = h.name
	}
	return strings.Join(all, ";")
}

// A plan is the canonical form of an operation's requests, without what differs between them.
type plan struct {
	toDate, toToken, toHash string // what stands before each; toToken is empty in a request without one
	names                   string // of the signed headers
}

// What stands in a canonical text for what differs.
const dateMark, tokenMark = "\x00", "\x01"

func planOf(method, path string, headers []signed) plan {
	p := plan{names: names(headers)}
	var rest string
	p.toDate, rest, _ = strings.Cut(canonical(method, path, headers), dateMark)
	if before, after, ok := strings.Cut(rest, tokenMark); ok {
		p.toToken, p.toHash = before, after
	} else {
		p.toHash = rest
	}
	return p
}

// A signingKey signs the requests of one day with one secret.
type signingKey struct {
	secret, day, region, service string
	macs                         sync.Pool // of hash.Hash
}

func newSigningKey(secret, day, region, service string) *signingKey {
	k := &signingKey{secret: secret, day: day, region: region, service: service}
	key := []byte("AWS4" + secret)
	for _, part := range []string{day, region, service, terminator} {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(part))
		key = mac.Sum(nil)
	}
	k.macs.New = func() any { return hmac.New(sha256.New, key) }
	return k
}

// signingKey returns the key for a date; that of the last request is kept.
func (c *Client) signingKey(secret string, date []byte, region, service string) *signingKey {
	day := date[:dayDigits]
	if k := c.key.Load(); k != nil && k.secret == secret && k.day == string(day) && k.region == region && k.service == service {
		return k
	}
	k := newSigningKey(secret, string(day), region, service)
	c.key.Store(k)
	return k
}

// appendSum appends the signature of a text in hex.
func (k *signingKey) appendSum(dst, text []byte) []byte {
	mac := k.macs.Get().(hash.Hash)
	mac.Reset()
	mac.Write(text)
	at := len(dst)
	dst = mac.Sum(append(dst, make([]byte, sha256.Size)...))
	k.macs.Put(mac)
	hex.Encode(dst[at:at+2*sha256.Size], dst[at+sha256.Size:])
	return dst[:at+2*sha256.Size]
}

// appendHash appends the SHA-256 of a text in hex.
func appendHash(dst, text []byte) []byte {
	sum := sha256.Sum256(text)
	return hex.AppendEncode(dst, sum[:])
}

// appendScope appends the scope of a signature.
func (k *signingKey) appendScope(dst []byte) []byte {
	dst = append(append(dst, k.day...), '/')
	dst = append(append(dst, k.region...), '/')
	dst = append(append(dst, k.service...), '/')
	return append(dst, terminator...)
}

// A scratch is what signing writes to.
type scratch struct {
	text   []byte // what is hashed
	made   []byte // what is sent
	random [16]byte
}

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// appendAuthorization appends to what is made the header that signs a request with a body, made at the date.
func (s *scratch) appendAuthorization(p *plan, k *signingKey, creds *aws.Credentials, date, body []byte) {
	text := append(append(s.text[:0], p.toDate...), date...)
	if p.toToken != "" {
		text = append(append(text, p.toToken...), creds.SessionToken...)
	}
	text = appendHash(append(text, p.toHash...), body)
	request := len(text)
	text = append(append(append(text, algorithm...), '\n'), date...)
	text = append(k.appendScope(append(text, '\n')), '\n')
	text = appendHash(text, text[:request])

	made := append(append(s.made, algorithm...), " Credential="...)
	made = k.appendScope(append(append(made, creds.AccessKeyID...), '/'))
	made = append(append(made, ", SignedHeaders="...), p.names...)
	s.made = k.appendSum(append(made, ", Signature="...), text[request:])
	s.text = text
}

const uuidSize = 36

// appendUUID appends a random UUID, version 4, to what is made.
func (s *scratch) appendUUID() {
	b := s.random[:]
	rand.Read(b)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	for i, size := range [...]int{4, 2, 2, 2, 6} {
		if i > 0 {
			s.made = append(s.made, '-')
		}
		s.made = hex.AppendEncode(s.made, b[:size])
		b = b[size:]
	}
}
