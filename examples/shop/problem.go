package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/entable/entable"
)

// problem is an error as clients get it: https://www.rfc-editor.org/rfc/rfc9457
type problem struct {
	Status int    `json:"status"`
	Code   string `json:"code"`   // for programs
	Detail string `json:"detail"` // for people
	// Fields are the attributes that are wrong, with what is asked of them.
	Fields map[string]string `json:"fields,omitempty"`
}

// problemOf returns what an error means to a client. What it does not know is the shop's fault, and says nothing of it.
func problemOf(err error) problem {
	if p, ok := known(err); ok {
		return p
	}
	if invalid, ok := errors.AsType[*entable.ValidationError](err); ok {
		p := problem{http.StatusUnprocessableEntity, "invalid", "some of it cannot be so", map[string]string{}}
		for _, f := range invalid.Fields {
			p.Fields[f.JSON] = f.Message
		}
		return p
	}
	if unique, ok := errors.AsType[*entable.UniqueError](err); ok {
		return problem{http.StatusConflict, "taken", "somebody else has it", map[string]string{unique.Attribute: "is taken"}}
	}
	if sold, ok := errors.AsType[*soldOutError](err); ok {
		return problem{Status: http.StatusConflict, Code: "sold_out", Detail: sold.Error()}
	}
	if is[*http.MaxBytesError](err) {
		return problem{Status: http.StatusRequestEntityTooLarge, Code: "too_large", Detail: "the request is too large"}
	}
	return answered(err)
}

// known returns what the shop's own errors mean, whose texts are for customers.
func known(err error) (problem, bool) {
	for _, k := range []struct {
		err    error
		status int
		code   string
	}{
		{errSignIn, http.StatusUnauthorized, "credentials"},
		{errSignedIn, http.StatusUnauthorized, "signed_out"},
		{errStaff, http.StatusForbidden, "staff"},
		{errForged, http.StatusForbidden, "forged"},
		{errBadRequest, http.StatusBadRequest, "bad_request"},
		{errIfMatch, http.StatusPreconditionRequired, "if_match"},
		{errPassword, http.StatusUnprocessableEntity, "password"},
		{errKey, http.StatusBadRequest, "idempotency_key"},
		{errKeyReused, http.StatusUnprocessableEntity, "idempotency_key"},
		{errEmptyCart, http.StatusConflict, "empty_cart"},
		{errCartChanged, http.StatusConflict, "cart_changed"},
		{errTotal, http.StatusConflict, "prices_changed"},
		{errUnpaid, http.StatusUnprocessableEntity, "amount"},
	} {
		if errors.Is(err, k.err) {
			return problem{Status: k.status, Code: k.code, Detail: err.Error()}, true
		}
	}
	return problem{}, false
}

// answered returns what the errors of operations mean.
func answered(err error) problem {
	switch {
	case is[*entable.KeyError](err), errors.Is(err, entable.ErrBadCursor):
		return problem{Status: http.StatusBadRequest, Code: "bad_request", Detail: "an id or a cursor is none of the shop's"}
	case errors.Is(err, entable.ErrNotFound):
		return problem{Status: http.StatusNotFound, Code: "not_found", Detail: "there is no such thing"}
	case is[*entable.VersionError](err):
		return problem{Status: http.StatusPreconditionFailed, Code: "changed", Detail: "somebody has changed it meanwhile: read it once more"}
	case errors.Is(err, entable.ErrExists):
		return problem{Status: http.StatusConflict, Code: "exists", Detail: "there is one already"}
	case is[*entable.ConditionFailedError](err):
		return problem{Status: http.StatusConflict, Code: "conflict", Detail: "it is not in a state for that"}
	case is[*entable.ItemTooLargeError](err):
		return problem{Status: http.StatusRequestEntityTooLarge, Code: "too_large", Detail: "it is too large"}
	case entable.IsRetryable(err), errors.Is(err, context.DeadlineExceeded), unknown(err):
		return problem{Status: http.StatusServiceUnavailable, Code: "try_again", Detail: "that did not work now: try again in a moment"}
	}
	return problem{Status: http.StatusInternalServerError, Code: "internal", Detail: "something is wrong with the shop"}
}

// unknown reports whether it is not known if a write was carried out. All of the shop's can be sent again, but for Receive.
func unknown(err error) bool {
	op, _ := errors.AsType[*entable.OpError](err)
	tx, _ := errors.AsType[*entable.TransactionError](err)
	return op != nil && op.Unknown || tx != nil && tx.Unknown
}

func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

// sendProblem answers with a problem as JSON.
func sendProblem(w http.ResponseWriter, p problem) {
	if p.Status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p) // the client is gone, if this fails
}
