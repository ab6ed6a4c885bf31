package main

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
)

var errForged = errors.New("this form is out of date: go back, load the page once more and try again")

// forms protects the forms of the pages from other sites. A form has a token that is made of two cookies of the browser, which other
// sites do not see, with a key that nobody else has. (net/http.CrossOriginProtection refuses what today's browsers say is of
// another site; the token is for all others.)
type forms struct{ key []byte }

const (
	visitCookie   = "visit" // tells this browser from others, signed in or not
	sessionCookie = "session"
)

func (f forms) token(visit, session string) string {
	mac := hmac.New(sha256.New, f.key)
	mac.Write([]byte(visit + "\n" + session))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// check reports whether a form that was sent came from a page of the shop.
func (f forms) check(r *http.Request) error {
	visit := cookie(r, visitCookie)
	if visit == "" || !hmac.Equal([]byte(r.PostFormValue("token")), []byte(f.token(visit, cookie(r, sessionCookie)))) {
		return errForged
	}
	return nil
}

func cookie(r *http.Request, name string) string {
	c, err := r.Cookie(name)
	if err != nil {
		return ""
	}
	return c.Value
}

// visitOf returns what tells the browser from others, and gives it a cookie where it has none.
func (s *Server) visitOf(w http.ResponseWriter, r *http.Request) string {
	visit := cookie(r, visitCookie)
	if visit == "" {
		visit = rand.Text()
		s.setCookie(w, visitCookie, visit, 0)
	}
	return visit
}

// setCookie sets a cookie for some seconds, 0 for as long as the browser runs, below 0 to remove it.
func (s *Server) setCookie(w http.ResponseWriter, name, value string, seconds int) {
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: seconds, HttpOnly: true, Secure: s.https, SameSite: http.SameSiteLaxMode,
	})
}
