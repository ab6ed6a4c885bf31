package lean

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go/middleware"
)

// The headers that may differ from one request to the next.
const (
	authorization = "Authorization"
	amzDate       = "X-Amz-Date"
	amzToken      = "X-Amz-Security-Token"
	invocation    = "Amz-Sdk-Invocation-Id"
	sdkRequest    = "Amz-Sdk-Request"
	traceID       = "X-Amzn-Trace-Id"
)

var perRequest = []string{authorization, amzDate, amzToken, invocation, sdkRequest, traceID}

// maxHeaders limits how many headers a request may have.
const maxHeaders = 16

// A head is what all requests of an operation have in common. It is immutable.
type head struct {
	request         *http.Request // the URL, the method and the host
	constants       []signed      // headers, named as they are sent
	attempts        string        // the header that counts the attempts; the SDK may send none
	max             int           // the attempts that it speaks of
	invocation      bool          // whether there is an invocation ID
	region, service string        // that requests are signed for
	plain, token    plan          // for credentials without and with a session token
	values          context.Context
}

// headers returns how many headers requests have, but for the one of traces.
func (h *head) headers(token bool) int {
	n := len(h.constants) + 2 // the date and the signature
	for _, has := range [...]bool{token, h.invocation, h.attempts != ""} {
		if has {
			n++
		}
	}
	return n
}

// A recording is a request as the SDK has made it.
type recording struct {
	*http.Request
	body string
}

// headOf returns the head that recordings show, which were signed with these credentials by a retryer of max attempts.
func headOf(recordings []recording, creds *aws.Credentials, max int) (*head, error) {
	first := recordings[0]
	u := first.URL
	if u.Opaque != "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Path == "" || strings.Trim(u.Path, signedAsIs) != "" {
		return nil, fmt.Errorf("the URL %s is not as simple as expected", u)
	}
	h := &head{max: max, request: &http.Request{
		Method: first.Method, URL: u, Host: first.Host, Proto: first.Proto, ProtoMajor: first.ProtoMajor, ProtoMinor: first.ProtoMinor,
	}}
	for name, values := range first.Header {
		if slices.Contains(perRequest, name) {
			continue
		}
		if len(values) != 1 || strings.Trim(values[0], " ") != values[0] || strings.Contains(values[0], "  ") {
			return nil, fmt.Errorf("the header %s is not as simple as expected: %q", name, values)
		}
		h.constants = append(h.constants, signed{name, values[0]})
	}
	slices.SortFunc(h.constants, byName)
	if len(h.constants)+len(perRequest) > maxHeaders {
		return nil, fmt.Errorf("requests have %d headers", len(h.constants))
	}
	for _, r := range recordings {
		if err := h.alike(r.Request, first.Request); err != nil {
			return nil, err
		}
		if err := h.signedAlike(r, creds); err != nil {
			return nil, err
		}
	}
	h.plain, h.token = h.plans()
	return h, nil
}

// signedAsIs are the characters of a path that need no escapes where it is signed.
const signedAsIs = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/"

// alike tells what of a request is not as the head has it, which was learned from the first one.
func (h *head) alike(r, first *http.Request) error {
	if r.Method != first.Method || r.URL.String() != first.URL.String() || r.Host != first.Host {
		return fmt.Errorf("requests go to %s %s and to %s %s", first.Method, first.URL, r.Method, r.URL)
	}
	if r.GetBody != nil || r.Close || r.Trailer != nil || r.TransferEncoding != nil {
		return errors.New("requests are not as simple as expected")
	}
	for name := range r.Header {
		if first.Header[name] == nil && !slices.Contains(perRequest, name) {
			return fmt.Errorf("the header %s is in some requests only", name)
		}
	}
	for _, c := range h.constants {
		if !slices.Equal(r.Header[c.name], []string{c.value}) {
			return fmt.Errorf("the header %s differs between requests: %q and %q", c.name, c.value, r.Header[c.name])
		}
	}
	h.invocation = r.Header[invocation] != nil
	if r.Header[sdkRequest] != nil {
		h.attempts = attemptsOf(h.max)
		if text := r.Header.Get(sdkRequest); text != h.attempts {
			return fmt.Errorf("the header %s is %q", sdkRequest, text)
		}
	}
	return nil
}

// attemptsOf returns the header of the first of so many attempts.
func attemptsOf(max int) string {
	if max == 0 {
		return "attempt=1"
	}
	return fmt.Sprint("attempt=1; max=", max)
}

// signedAlike learns what a request was signed for, and signs it again, all its headers, to see that nothing else was.
func (h *head) signedAlike(r recording, creds *aws.Credentials) error {
	date, header := r.Header.Get(amzDate), r.Header.Get(authorization)
	if len(date) != len(timeFormat) || len(r.Header[authorization]) != 1 || r.Header.Get(amzToken) != creds.SessionToken || r.ContentLength != int64(len(r.body)) {
		return errors.New("requests are not signed as expected")
	}
	scope, ok := strings.CutPrefix(header, algorithm+" Credential="+creds.AccessKeyID+"/"+date[:dayDigits]+"/")
	scope, list, listed := strings.Cut(scope, ", SignedHeaders=")
	list, _, sum := strings.Cut(list, ", Signature=")
	place := strings.Split(scope, "/")
	if !ok || !listed || !sum || len(place) != 3 {
		return fmt.Errorf("the header %s is not as expected", authorization)
	}
	h.region, h.service = place[0], place[1]
	var headers []signed
	for name := range strings.SplitSeq(list, ";") {
		value := r.Header.Get(name)
		switch name {
		case "host":
			value = h.host()
		case "content-length":
			value = fmt.Sprint(r.ContentLength)
		case strings.ToLower(amzDate):
			value = dateMark
		case strings.ToLower(amzToken):
			value = tokenMark
		}
		headers = append(headers, signed{name, value})
	}
	p, key := planOf(r.Method, r.URL.Path, headers), newSigningKey(creds.SecretAccessKey, date[:dayDigits], h.region, h.service)
	var again scratch
	if again.appendAuthorization(&p, key, creds, []byte(date), []byte(r.body)); string(again.made) != header {
		return errors.New("the signature is not as expected")
	}
	return nil
}

func (h *head) host() string {
	if h.request.Host != "" {
		return h.request.Host
	}
	return h.request.URL.Host
}

// plans returns what has to be signed: the host, the type of the body, and all headers of the service.
func (h *head) plans() (plain, token plan) {
	headers := []signed{{"host", h.host()}, {strings.ToLower(amzDate), dateMark}}
	for _, c := range h.constants {
		if name := strings.ToLower(c.name); name == "content-type" || strings.HasPrefix(name, "x-amz-") {
			headers = append(headers, signed{name, c.value})
		}
	}
	slices.SortFunc(headers, byName)
	plain = planOf(h.request.Method, h.request.URL.Path, headers)
	headers = append(headers, signed{strings.ToLower(amzToken), tokenMark})
	slices.SortFunc(headers, byName)
	return plain, planOf(h.request.Method, h.request.URL.Path, headers)
}

func byName(a, b signed) int { return strings.Compare(a.name, b.name) }

// stackValues returns a context with what the SDK tells HTTP clients about their requests.
func stackValues(operation, region string) context.Context {
	ctx := middleware.WithServiceID(context.Background(), dynamodb.ServiceID)
	ctx = middleware.WithOperationName(ctx, operation)
	ctx = awsmiddleware.SetServiceID(ctx, dynamodb.ServiceID)
	ctx = awsmiddleware.SetRegion(ctx, region)
	return awsmiddleware.SetOperationName(ctx, operation)
}
