package lean

import (
	"net/http"
	"sync/atomic"
	"time"

	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// A clock knows how far the service's clock is ahead of this machine's, as the SDK's client does: from the dates of the answers
// that the SDK has got. The two have to agree, since the SDK repeats a request for its date only if it was not signed with the
// date of its own clock. So the offset changes with the SDK's calls alone; if the date of another answer says something else,
// the next request is the SDK's.
type clock struct {
	ignored bool // the offset is always 0
	ahead   atomic.Int64
	wrong   atomic.Bool
	last    atomic.Pointer[dated]
}

// dated is a header with a date, and what it says.
type dated struct {
	text string
	time time.Time
}

const (
	// tolerance is far above what rounding and slow networks make, and far below what the service minds.
	tolerance = time.Minute
	// minded is from where the SDK takes an error for one of the date.
	minded = 4 * time.Minute
	// tooSlow is from where the SDK does not trust the date of an answer.
	tooSlow = 15 * time.Minute
)

func (c *clock) offset() time.Duration { return time.Duration(c.ahead.Load()) }

// of returns how far the service is ahead as the header of an answer says. It is not ok if that has a date that cannot be read.
func (c *clock) of(header http.Header) (ahead time.Duration, says, ok bool) {
	text := header.Get("Date")
	if text == "" {
		return 0, false, true
	}
	d := c.last.Load()
	if d == nil || d.text != text {
		t, err := smithyhttp.ParseTime(text)
		if err != nil {
			return 0, false, false
		}
		d = &dated{text, t}
		c.last.Store(d)
	}
	return time.Until(d.time), header.Get("Age") == "", true
}

// agrees reports whether the date of an answer can be read. It notes if that is another than expected.
func (c *clock) agrees(header http.Header) bool {
	if ahead, says, ok := c.of(header); !ok {
		return false
	} else if says && !c.ignored && far(ahead-c.offset(), tolerance) {
		c.wrong.Store(true)
	}
	return true
}

// note keeps what an answer says that the SDK gets. It was asked for at a time.
func (c *clock) note(answer *http.Response, asked time.Time) {
	if answer == nil || c.ignored || time.Since(asked) > tooSlow {
		return
	}
	if ahead, says, _ := c.of(answer.Header); says {
		c.ahead.Store(int64(ahead))
		c.wrong.Store(false)
	}
}

// blames reports whether an attempt was refused for its date, and the SDK's request has another one: the SDK knows more, because
// others use the client too. Then that request has to be sent.
func (c *clock) blames(a *Attempt, sdks *http.Request) bool {
	if a.answerErr != nil || a.answer == nil || a.answer.StatusCode/100 != 4 || c.ignored {
		return false
	}
	ahead, says, _ := c.of(a.answer.Header)
	date, err := time.Parse(timeFormat, sdks.Header.Get(amzDate))
	return says && err == nil && far(ahead-a.offset, minded) && far(time.Until(date)-a.offset, tolerance)
}

func far(d, from time.Duration) bool { return d.Abs() > from }
