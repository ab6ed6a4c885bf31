package codec_test

import (
	"bytes"
	"os"
	"os/exec"
	"regexp"
	"testing"
)

// inlined are functions of the hot paths which the compiler is to put into their callers: each is called once or more for
// every attribute, so that a call would show in every benchmark. What outgrows the compiler's budget does so without a word.
var inlined = map[string][]string{
	"github.com/entable/entable/internal/codec": {
		"(*list).content", "(*slot).field", "(*structDecoder).has", "(*structDecoder).seen", "isZero[unsafe.Pointer]", "options.has", "pair", "tooDeep", "(*Plan).Decode",
		"pointerAs[encoding.TextAppender]", "pointerAs[encoding.TextUnmarshaler]",
	},
	"github.com/entable/entable/internal/wire": {
		"(*Prefix).At", "(*Prefix).Is", "(*Prefix).Len", "(*Reader).At", "(*Reader).Ends", "(*Reader).Goto", "(*Reader).Kept", "(*Reader).NoteAt",
		"(*Reader).Expect", "(*Reader).Leave", "(*Reader).Match", "(*Reader).NextMember", "(*Reader).Null", "(*Reader).Offset", "(*Reader).Rewind", "(*Reader).Room", "(*Reader).Since",
		"(*Reader).TextBytes", "(*Reader).peek", "(*Reader).space", "(*serializer).comma", "(*serializer).name", "(*serializer).open", "(*Call).Raw",
		"AppendBool", "AppendInt", "AppendNull", "AppendS", "AppendText", "isDigit", "short", "special", "unsafeBytes", "unsafeString",
	},
}

var canInline = regexp.MustCompile(`: can inline (\S+)`)

func TestHotFunctionsAreInlined(t *testing.T) {
	goTool, err := exec.LookPath("go")
	if err != nil {
		t.Skipf("the compiler cannot be asked: %v", err)
	}
	for pkg, functions := range inlined {
		cmd := exec.CommandContext(t.Context(), goTool, "build", "-gcflags=-m", pkg)
		cmd.Env = append(os.Environ(), "GOOS=", "GOARCH=")
		said, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, said)
		}
		can := map[string]bool{}
		for _, match := range canInline.FindAllSubmatch(said, -1) {
			can[string(bytes.TrimSuffix(match[1], []byte(":")))] = true
		}
		for _, f := range functions {
			if !can[f] {
				t.Errorf("%s: %s is not inlined any more; make it smaller, or take it off the list with figures of the benchmarks", pkg, f)
			}
		}
	}
}
