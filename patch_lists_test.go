package entable_test

import (
	"context"
	"slices"
	"testing"

	"github.com/entable/entable"
)

// Queue has a hook of updates that changes the list that the update changes.
type Queue struct {
	ID    string   `dynamodbav:"id"`
	Names []string `dynamodbav:"names"`
}

type queueKey struct{}

func (q *Queue) BeforeUpdate(ctx context.Context) error {
	if name, ok := ctx.Value(queueKey{}).(string); ok {
		q.Names = append(q.Names, name)
	}
	return nil
}

// The service takes positions in lists as they were before the update. So does what is worked out here, for a hook to see and,
// in a transaction, for the caller.
func TestListPositionsOfPatch(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		queues := entable.Register[Queue](s.newTable())
		for _, test := range []struct {
			name   string
			change func(*entable.Update[Queue]) *entable.Update[Queue]
			want   []string
		}{
			{"remove and set", func(u *entable.Update[Queue]) *entable.Update[Queue] {
				return u.Remove("names[0]").Set("names[1]", "x")
			}, []string{"x", "c"}},
			{"remove two", func(u *entable.Update[Queue]) *entable.Update[Queue] { return u.Remove("names[0]", "names[1]") }, []string{"c"}},
			{"set beyond the end", func(u *entable.Update[Queue]) *entable.Update[Queue] {
				return u.Set("names[9]", "9").Set("names[7]", "7")
			}, []string{"a", "b", "c", "7", "9"}},
			{"remove beyond the end", func(u *entable.Update[Queue]) *entable.Update[Queue] {
				return u.Set("names[9]", "9").Remove("names[3]")
			}, []string{"a", "b", "c", "9"}},
		} {
			for _, hook := range []string{"", "hook"} {
				ctx, want := t.Context(), test.want
				if hook != "" {
					ctx, want = context.WithValue(ctx, queueKey{}, hook), append(slices.Clip(want), hook)
				}
				q := Queue{ID: "1", Names: []string{"a", "b", "c"}}
				if err := queues.Put(t.Context(), &q); err != nil {
					t.Fatal(err)
				}
				if err := entable.Transact(ctx, []entable.Write{test.change(queues.Patch(&q))}); err != nil {
					t.Fatalf("%s %s: %v", test.name, hook, err)
				}
				stored, err := queues.Get(t.Context(), Queue{ID: "1"})
				if err != nil || !slices.Equal(stored.Names, want) || !slices.Equal(q.Names, want) {
					t.Errorf("%s %s: stored %v, %v, the instance has %v, want %v", test.name, hook, stored, err, q.Names, want)
				}
			}
		}
	})
}
