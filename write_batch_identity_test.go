package entable_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
)

// A put and a delete of one item are recognised as such, whatever its key is made of.
func TestPutAndDeleteOfOneItemInABatch(t *testing.T) {
	s := onMemory(t)
	refuses := func(what string, writes ...entable.Write) {
		t.Helper()
		for _, err := range []error{entable.BatchWrite(t.Context(), writes), entable.Transact(t.Context(), writes)} {
			if err == nil || !strings.Contains(err.Error(), "an item can be written once") {
				t.Errorf("%s: %v", what, err)
			}
		}
	}
	takes := func(what string, writes ...entable.Write) {
		t.Helper()
		if err := entable.BatchWrite(t.Context(), writes); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}

	b := declareBlogs(s.NewTable())
	for _, id := range []string{"a", `"quoted" \ # % ü 日本`, "a,b", "\x01"} {
		refuses(id, b.posts.PutOp(&Post{id, 1}), b.posts.DeleteOp(Post{id, 1}))
		takes(id, b.posts.PutOp(&Post{id, 1}), b.posts.DeleteOp(Post{id, 2}), b.comments.PutOp(&Comment{id, 1}), b.heads.PutOp(&Blog{ID: id}))
	}

	type Whole struct {
		P int `dynamodbav:"x"`
		S int `dynamodbav:"y"`
	}
	type Real struct {
		P float64 `dynamodbav:"x"`
		S float64 `dynamodbav:"y"`
	}
	numbers := func() *entable.Table {
		return s.NewTable(entable.PartitionKey("p", types.ScalarAttributeTypeN), entable.SortKey("s", types.ScalarAttributeTypeN))
	}
	wholes := entable.Register[Whole](numbers(), entable.PK("x"), entable.SK("y"))
	refuses("whole numbers", wholes.PutOp(&Whole{1000000, 2}), wholes.DeleteOp(Whole{1000000, 2}))
	takes("whole numbers", wholes.PutOp(&Whole{1, 12}), wholes.PutOp(&Whole{11, 2}))
	reals := entable.Register[Real](numbers(), entable.PK("x"), entable.SK("y"))
	refuses("numbers", reals.DeleteOp(Real{1e21, 0.5}), reals.PutOp(&Real{1e21, 0.5}))

	type Blob struct {
		P []byte `dynamodbav:"x"`
		S []byte `dynamodbav:"y"`
	}
	blobs := entable.Register[Blob](s.NewTable(entable.PartitionKey("p", types.ScalarAttributeTypeB), entable.SortKey("s", types.ScalarAttributeTypeB)),
		entable.PK("x"), entable.SK("y"))
	refuses("bytes", blobs.PutOp(&Blob{[]byte{0, 255}, []byte("s")}), blobs.DeleteOp(Blob{[]byte{0, 255}, []byte("s")}))
	takes("bytes", blobs.PutOp(&Blob{[]byte{0, 255}, []byte("s")}), blobs.DeleteOp(Blob{[]byte{0, 254}, []byte("s")}))
}
