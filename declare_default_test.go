package entable_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/entable/entable"
)

type defaulted struct {
	ID string `dynamodbav:"id"`
}

// The default table is one for the process: each case runs in a process of its own.
func TestDefaultTable(t *testing.T) {
	if test := os.Getenv("ENTABLE_DEFAULT_TEST"); test != "" {
		inDefaultTest(t, test)
		return
	}
	t.Parallel()
	for _, test := range []struct{ name, env, want string }{
		{"register", "", "entable"},
		{"register", "from-env", "from-env"},
		{"make", "from-env", "mine"},
		{"register", "no table!", `invalid name`},
	} {
		cmd := exec.Command(os.Args[0], "-test.run=^TestDefaultTable$", "-test.v")
		cmd.Env = append(os.Environ(), "ENTABLE_DEFAULT_TEST="+test.name, "ENTABLE_TABLE_NAME="+test.env)
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "table: "+test.want) && !strings.Contains(string(out), test.want) {
			t.Errorf("%+v: %v\n%s", test, err, out)
		}
	}
}

func inDefaultTest(t *testing.T, test string) {
	if test == "make" {
		entable.NewTable("mine").MakeDefault()
	}
	e, err := entable.TryRegister[defaulted](nil)
	if err != nil {
		t.Log(err)
		return
	}
	if e.Table() != entable.DefaultTable() {
		t.Error("the default table is another")
	}
	in := e.Table().CreateInput()
	if test == "register" && len(in.KeySchema) != 1 {
		t.Errorf("it has %d key attributes", len(in.KeySchema))
	}
	t.Log("table: " + e.Table().Name())
}
