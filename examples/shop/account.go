package main

import (
	"context"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"strings"
	"time"

	"github.com/entable/entable"
)

const (
	sessionLength  = 30 * time.Minute
	passwordRounds = 600_000 // what OWASP asks for of PBKDF2 with SHA-256
	passwordLength = 10      // at the least
)

var (
	errSignIn   = errors.New("e-mail or password is wrong")
	errSignedIn = errors.New("sign in first")
	errPassword = errors.New("a password has 10 characters at the least and 200 at the most")
)

// password is what is kept of one.
type password struct {
	Salt   []byte `dynamodbav:"salt"`
	Hash   []byte `dynamodbav:"hash"`
	Rounds int    `dynamodbav:"rounds"`
}

func newPassword(text string, rounds int) (password, error) {
	p := password{Salt: make([]byte, 16), Rounds: rounds}
	rand.Read(p.Salt)
	var err error
	p.Hash, err = p.hash(text)
	return p, err
}

func (p password) hash(text string) ([]byte, error) {
	return pbkdf2.Key(sha256.New, text, p.Salt, p.Rounds, sha256.Size)
}

func (p password) is(text string) bool {
	hash, err := p.hash(text)
	return err == nil && subtle.ConstantTimeCompare(hash, p.Hash) == 1
}

// Register makes a customer. An e-mail address or user name that somebody has is an [*entable.UniqueError].
func (s *Shop) Register(ctx context.Context, c Customer, secret string) (*Customer, error) {
	if n := len(secret); n < passwordLength || n > 200 {
		return nil, errPassword
	}
	var err error
	if c.Password, err = newPassword(secret, s.rounds); err != nil {
		return nil, err
	}
	return &c, s.Customers.Create(ctx, &c)
}

// SignIn begins a session and returns its token, which is kept nowhere.
func (s *Shop) SignIn(ctx context.Context, email, secret string) (token string, err error) {
	email = strings.ToLower(strings.TrimSpace(email))
	if email == "" {
		return "", errSignIn
	}
	c, err := s.Customers.QueryIndex("by-email", Customer{Email: email}).Hydrate().First(ctx)
	if errors.Is(err, entable.ErrNotFound) {
		password{Rounds: s.rounds}.is(secret) // takes as long as one that is wrong
		return "", errSignIn
	}
	if err != nil {
		return "", err
	}
	if !c.Password.is(secret) {
		return "", errSignIn
	}
	token = rand.Text()
	return token, s.Sessions.Create(ctx, &Session{ID: hashed(token), Customer: c.ID, Expires: s.now().Add(sessionLength)})
}

// SignedIn returns whose session it is, and prolongs it when half of it is over, so that not every request writes.
func (s *Shop) SignedIn(ctx context.Context, token string) (customer string, err error) {
	if token == "" {
		return "", errSignedIn
	}
	session, err := s.Sessions.Get(ctx, Session{ID: hashed(token)})
	if errors.Is(err, entable.ErrNotFound) {
		return "", errSignedIn // there is none, or it has expired
	}
	if err != nil {
		return "", err
	}
	if left, _ := s.Sessions.TimeLeft(session); left < sessionLength/2 {
		err := s.Sessions.Update(*session).Set("expires", s.now().Add(sessionLength)).Do(ctx)
		if errors.Is(err, entable.ErrNotFound) {
			return "", errSignedIn // signed out in between
		}
		if err != nil {
			return "", err
		}
	}
	return session.Customer, nil
}

// SignOut ends a session.
func (s *Shop) SignOut(ctx context.Context, token string) error {
	return s.Sessions.Delete(ctx, Session{ID: hashed(token)})
}

// Profile returns a customer.
func (s *Shop) Profile(ctx context.Context, customer string) (*Customer, error) {
	return s.Customers.Get(ctx, Customer{ID: customer})
}

// Rename changes a customer's name and e-mail address, as far as they are given, if she is still of that version.
func (s *Shop) Rename(ctx context.Context, customer, name, email string, version int64) (*Customer, error) {
	before, err := s.Profile(ctx, customer)
	if err != nil {
		return nil, err
	}
	if before.Version != version {
		return nil, &entable.VersionError{Entity: s.Customers.Name(), Have: before.Version, Want: version}
	}
	after := *before
	if name != "" {
		after.Name = name
	}
	if email != "" {
		after.Email = email
	}
	return &after, s.Customers.SaveChanges(ctx, *before, &after)
}

// hashed returns what a session is stored under.
func hashed(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}
