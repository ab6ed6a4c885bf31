package entable_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/enginetest"
	"github.com/entable/entable/internal/trial"
)

// Job is in three indexes: gsi1 is shared with Squad, gsi2 is sparse, and gsi3 has composite keys, some of
// whose fields are behind an embedded pointer.
type Job struct {
	ID    string `dynamodbav:"id"`
	Team  string `dynamodbav:"team"`
	Due   int    `dynamodbav:"due"`
	State string `dynamodbav:"state,omitempty"`
	*Site
	Rank  int     `dynamodbav:"rank"`
	Score float64 `dynamodbav:"score"`
	Note  string  `dynamodbav:"note,omitempty"`
}

type Site struct {
	Region string `dynamodbav:"region"`
	Zone   string `dynamodbav:"zone"`
}

type Squad struct {
	Team string `dynamodbav:"team"`
	Name string `dynamodbav:"name"`
}

func declareJobs(table *entable.Table) (*entable.Entity[Job], *entable.Entity[Squad]) {
	jobs := entable.Register[Job](table, entable.PK("id"),
		entable.Index("gsi1", entable.PK("team", entable.Prefix("T")), entable.SK(entable.Attr("due").Width(4), entable.Prefix("D"))),
		entable.Index("gsi2", entable.PK("state", entable.Prefix("S"))),
		entable.Index("gsi3", entable.PK("region", "zone", entable.Prefix("R")), entable.SK(entable.Attr("rank").Width(3), "score", entable.Prefix("K"))))
	squads := entable.Register[Squad](table, entable.PK("team"), entable.SK("name"),
		entable.Index("gsi1", entable.PK("team", entable.PrefixOf(jobs)), entable.SK("name")))
	return jobs, squads
}

// jobWriter writes one job at random, in every way there is.
type jobWriter struct {
	*rand.Rand
	jobs  *entable.Entity[Job]
	squad *entable.Entity[Squad]
}

func (w *jobWriter) text(of ...string) string { return of[w.IntN(len(of))] }
func (w *jobWriter) id() string               { return w.text("1", "2", "3", "4", "5") }
func (w *jobWriter) team() string             { return w.text("red", "blue", "a#b") }
func (w *jobWriter) score() float64           { return float64(w.IntN(40)-20) / 10 }

func (w *jobWriter) job(id string) Job {
	j := Job{ID: id, Team: w.team(), Due: w.IntN(100), State: w.text("", "", "open", "done"), Rank: w.IntN(50), Score: w.score()}
	if w.IntN(4) > 0 {
		j.Site = &Site{w.text("eu", "us"), w.text("1", "2")}
	}
	return j
}

// mutate changes some fields of a job.
func (w *jobWriter) mutate(j *Job) {
	from := w.job(j.ID)
	for _, change := range []func(){
		func() { j.Team = from.Team },
		func() { j.Due = from.Due },
		func() { j.State = from.State },
		func() { j.Site = from.Site },
		func() { j.Rank = from.Rank },
		func() { j.Score = from.Score },
		func() { j.Note = w.text("", "x", "y") },
	} {
		if w.IntN(3) == 0 {
			change()
		}
	}
}

// changes adds random changes to an update.
func (w *jobWriter) changes(u *entable.Update[Job]) *entable.Update[Job] {
	for _, change := range []func(){
		func() { u.Set("team", w.team()) },
		func() { w.change(u, "due", w.IntN(100)) },
		func() { w.change(u, "state", w.text("open", "done", "")) },
		func() { u.Set("region", w.text("eu", "us")) },
		func() { u.Set("zone", w.text("1", "2")) },
		func() { w.change(u, "rank", w.IntN(50)) },
		func() { w.change(u, "score", w.score()) },
		func() { w.change(u, "note", w.text("x", "y")) },
	} {
		if w.IntN(4) == 0 {
			change()
		}
	}
	return u
}

func (w *jobWriter) change(u *entable.Update[Job], path string, v any) {
	_, text := v.(string)
	switch n := w.IntN(6); {
	case n == 0:
		u.Remove(path)
	case n == 1:
		u.SetIfAbsent(path, v)
	case n == 2 && !text:
		u.Add(path, v)
	case n == 3 && !text:
		u.Subtract(path, v)
	default:
		u.Set(path, v)
	}
}

// step writes a job.
func (w *jobWriter) step(ctx context.Context) (string, error) {
	id := w.id()
	stored, err := w.jobs.Get(ctx, Job{ID: id}, entable.Consistent(true))
	if errors.Is(err, entable.ErrNotFound) {
		stored = nil
	} else if err != nil {
		return "Get", err
	}
	one := func(op entable.Write, do func() error) error {
		switch w.IntN(4) {
		case 0:
			return entable.Transact(ctx, []entable.Write{op})
		case 1:
			return entable.BatchWrite(ctx, []entable.Write{op})
		}
		return do()
	}
	if n := w.IntN(20); n == 0 || stored == nil && n < 10 {
		j := w.job(id)
		return "put", one(w.jobs.PutOp(&j), func() error { return w.jobs.Put(ctx, &j) })
	} else if n == 1 {
		return "remove", one(w.jobs.RemoveOp(&Job{ID: id}), func() error { return w.jobs.Remove(ctx, &Job{ID: id}) })
	} else if n == 2 {
		return "squad", w.squad.Put(ctx, &Squad{w.team(), id})
	} else if n == 3 {
		u := w.jobs.Update(Job{ID: id, State: "junk", Team: "junk"}).Upsert().Set("team", w.team()).Set("due", w.IntN(100)).
			Set("region", "eu").Set("zone", "1").Set("rank", 1).Set("score", w.score())
		return "upsert", one(u, func() error { return u.Do(ctx) })
	} else if stored == nil {
		return "nothing", nil
	}
	switch w.IntN(6) {
	case 0:
		u := w.changes(w.jobs.Patch(stored))
		if w.IntN(4) == 0 {
			u.Fetch()
		}
		return "patch", one(u, func() error { return u.Do(ctx) })
	case 1:
		after := *stored
		w.mutate(&after)
		return "save changes", one(w.jobs.SaveChangesOp(*stored, &after), func() error { return w.jobs.SaveChanges(ctx, *stored, &after) })
	case 2:
		u := w.changes(w.jobs.Update(Job{ID: id, State: "junk"}))
		return "update", one(u, func() error { return u.Do(ctx) })
	case 3: // what is known may be wrong
		u, known := w.changes(w.jobs.Update(Job{ID: id})), *stored
		if w.IntN(8) == 0 {
			w.mutate(&known)
		}
		u.Known("team", known.Team).Known("due", known.Due).Known("state", known.State).Known("rank", known.Rank).Known("score", known.Score)
		if known.Site != nil {
			u.Known("region", known.Region).Known("zone", known.Zone)
		}
		return "update with known values", one(u, func() error { return u.Do(ctx) })
	}
	u := w.changes(w.jobs.Update(Job{ID: id, Rank: 99, Site: &Site{"junk", "junk"}}).Fetch())
	return "update with fetch", one(u, func() error { return u.Do(ctx) })
}

// refused reports whether an error says that the write would have broken an index key, or was not to
// happen.
func refused(err error) bool {
	return is[*entable.KeyError](err) || is[*entable.EncodeError](err) || is[*entable.ConditionFailedError](err) || entable.IsError(err) && errors.Unwrap(err) == nil ||
		is[*entable.BatchError](err) && !entable.IsRetryable(err) && !is[interface {
			error
			ErrorCode() string
		}](err)
}

// checkIndexKeys compares the stored index keys of a job with those made of its attributes.
func checkIndexKeys(t *testing.T, jobs *entable.Entity[Job], item map[string]types.AttributeValue) bool {
	t.Helper()
	text := func(name string) string {
		switch v := item[name].(type) {
		case *types.AttributeValueMemberS:
			return v.Value
		case *types.AttributeValueMemberN:
			n, err := strconv.Atoi(v.Value)
			check(t, err)
			return strconv.Itoa(n)
		}
		return ""
	}
	padded := func(name string, width int) string {
		n, _ := strconv.Atoi(text(name)) // an absent number is read as 0
		if n < 0 {
			return fmt.Sprintf("-%0*d", width, int(math.Pow10(width))+n)
		}
		return fmt.Sprintf("%0*d", width, n)
	}
	team := text("team")
	if team == "a#b" {
		team = "a%23b"
	}
	want := map[string]string{"gsi1pk": "T#" + team, "gsi1sk": "D#" + padded("due", 4)}
	if state := text("state"); state != "" {
		want["gsi2pk"], want["gsi2sk"] = "S#"+state, "A"
	}
	job, err := jobs.FromItem(item)
	check(t, err)
	computed, err := jobs.ToItem(job)
	check(t, err)
	if text("region") != "" {
		want["gsi3pk"] = "R#" + text("region") + "#" + text("zone")
		want["gsi3sk"] = computed["gsi3sk"].(*types.AttributeValueMemberS).Value
	}
	got := map[string]string{}
	for _, name := range []string{"gsi1pk", "gsi1sk", "gsi2pk", "gsi2sk", "gsi3pk", "gsi3sk"} {
		if _, ok := item[name]; ok {
			got[name] = text(name)
		}
		if !reflect.DeepEqual(item[name], computed[name]) {
			t.Errorf("%s is %s, an item with these attributes has %s", name, plainValue(item[name]), plainValue(computed[name]))
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("index keys %v, want %v of %s", got, want, dynamoJSON(item))
	}
	return !t.Failed()
}

// Whatever is written, the stored index keys are those of the stored attributes. ENTABLE_SOAK makes it
// 100,000 steps.
func TestIndexKeysNeverGoStale(t *testing.T) {
	steps := map[enginetest.Engine]int{"memory": trial.Size(700, 100_000), "local": 120}
	eachSetup(t, func(t *testing.T, s *setup) {
		jobs, squads := declareJobs(s.NewTable(entable.GSI("gsi1"), entable.GSI("gsi2"), entable.GSI("gsi3")))
		w := &jobWriter{trial.Rand(t), jobs, squads}
		done, stopped := map[string]int{}, map[string]int{}
		start := time.Now()
		for i := range steps[s.Engine] {
			what, err := w.step(t.Context())
			if err == nil {
				done[what]++
			} else if stopped[what]++; !refused(err) {
				t.Fatalf("step %d, %s: %v", i, what, err)
			}
			for _, id := range []string{"1", "2", "3", "4", "5"} {
				if item := s.Load(jobs.Table(), key("JI#"+id, "A")); item != nil && !checkIndexKeys(t, jobs, item) {
					t.Fatalf("step %d, %s (%v)", i, what, err)
				}
			}
		}
		t.Logf("done %v, refused %v in %s", done, stopped, time.Since(start).Round(time.Millisecond))
		checkIndexQueries(t, s, w)
	})
}

// checkIndexQueries compares what the indexes give with what the table holds.
func checkIndexQueries(t *testing.T, s *setup, w *jobWriter) {
	teams, states := map[string]int{}, map[string]int{}
	for _, id := range []string{"1", "2", "3", "4", "5"} {
		if job, err := w.jobs.Get(t.Context(), Job{ID: id}); err == nil {
			teams[job.Team]++
			states[job.State]++
		}
	}
	for _, team := range []string{"red", "blue", "a#b"} {
		if n := len(enginetest.Collect(t, w.jobs.QueryIndex("gsi1", Job{Team: team}).All(t.Context()))); n != teams[team] {
			t.Errorf("%d jobs of team %s in the index, want %d", n, team, teams[team])
		}
	}
	for _, state := range []string{"open", "done"} {
		if n := len(enginetest.Collect(t, w.jobs.QueryIndex("gsi2", Job{State: state}).All(t.Context()))); n != states[state] {
			t.Errorf("%d jobs of state %s in the index, want %d", n, state, states[state])
		}
	}
}

// An update of an item that lacks attributes, as another program may have written it, knows what is absent.
func TestFetchOfAnItemThatLacksAttributes(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		jobs, _ := declareJobs(s.NewTable(entable.GSI("gsi1"), entable.GSI("gsi2"), entable.GSI("gsi3")))
		item := key("JI#1", "A")
		item["id"], item["_type"], item["team"] = avS("1"), avS("Job"), avS("red")
		s.Store(jobs.Table(), item)
		for _, u := range []*entable.Update[Job]{
			jobs.Update(Job{ID: "1"}).Fetch().Add("due", 3),
			jobs.Update(Job{ID: "1"}).Fetch().Set("region", "eu").Set("zone", "2"),
			jobs.Update(Job{ID: "1"}).Fetch().SetIfAbsent("rank", 2).SetIfAbsent("score", 0.5),
			jobs.Update(Job{ID: "1"}).Fetch().Add("score", 0.1).Add("rank", 1),
			jobs.Update(Job{ID: "1"}).Fetch().Add("score", 0.2),
		} {
			check(t, u.Do(t.Context()))
			if !checkIndexKeys(t, jobs, s.Load(jobs.Table(), key("JI#1", "A"))) {
				return
			}
		}
		check(t, jobs.Update(Job{ID: "1"}).Fetch().Remove("rank", "score").Do(t.Context()))
		after, err := jobs.Get(t.Context(), Job{ID: "1"})
		check(t, err)
		before := *after
		after.Site = &Site{"us", "2"}
		check(t, jobs.SaveChanges(t.Context(), before, after))
		check(t, jobs.Patch(after).Set("zone", "3").Add("score", 0.8).Do(t.Context()))
		check(t, jobs.Patch(after).Add("rank", 3).Do(t.Context()))
		checkIndexKeys(t, jobs, s.Load(jobs.Table(), key("JI#1", "A")))
		got, err := jobs.Get(t.Context(), Job{ID: "1"})
		check(t, err)
		if got.Score != 0.8 || got.Rank != 3 || got.Due != 3 {
			t.Errorf("stored %+v", got)
		}
	})
}

// What a computed key cannot hold is refused, not stored under a wrong key.
func TestIndexKeyOutOfRange(t *testing.T) {
	s := onMemory(t)
	jobs, _ := declareJobs(s.NewTable(entable.GSI("gsi1"), entable.GSI("gsi2"), entable.GSI("gsi3")))
	check(t, jobs.Put(t.Context(), &Job{ID: "1", Team: "red", Due: 9000}))
	for name, u := range map[string]*entable.Update[Job]{
		"width":    jobs.Update(Job{ID: "1"}).Fetch().Add("due", 1000),
		"overflow": jobs.Update(Job{ID: "1"}).Fetch().Add("due", math.MaxInt),
		"removed":  jobs.Update(Job{ID: "1"}).Fetch().Remove("team"),
		"negative": jobs.Patch(&Job{ID: "1", Team: "red", Due: 9000}).Subtract("due", 19001),
	} {
		s.Spy.Reset()
		err := u.Do(t.Context())
		if !is[*entable.KeyError](err) && !is[*entable.EncodeError](err) || s.Spy.Sent("UpdateItem") > 0 {
			t.Errorf("%s: %v, %d updates were sent", name, err, s.Spy.Sent("UpdateItem"))
		}
	}
}

// Touched is in an index by a time that every write sets, and in one whose key is that of the table turned
// round.
type Touched struct {
	Box   string `dynamodbav:"box"`
	ID    string `dynamodbav:"id"`
	Text  string `dynamodbav:"text,omitempty"`
	Since int64  `dynamodbav:"since" entable:"touch=epoch"`
}

func TestIndexKeysOfTouchedAndKeyFields(t *testing.T) {
	eachSetup(t, func(t *testing.T, s *setup) {
		now := newClock()
		table := s.NewTable(entable.GSI("gsi1"), entable.GSI("gsi2"), entable.Clock(now.Now))
		items := entable.Register[Touched](table, entable.PK("box"), entable.SK("id"),
			entable.Index("gsi1", entable.PK("box"), entable.SK("since")), entable.Index("gsi2", entable.PK("id"), entable.SK("box")))
		ctx, a := t.Context(), Touched{Box: "b", ID: "1"}
		for i, write := range []func() error{
			func() error { return items.Update(a).Upsert().Set("text", "a").Do(ctx) },
			func() error { return items.Update(a).Set("text", "b").Do(ctx) },
			func() error { return items.Patch(&a).Set("text", "c").Do(ctx) },
			func() error { after := a; after.Text = ""; return items.SaveChanges(ctx, a, &after) },
			func() error { return entable.Transact(ctx, []entable.Write{items.Patch(&a).Set("text", "e")}) },
		} {
			now.pass(time.Second)
			if err := write(); err != nil {
				t.Fatalf("write %d: %v", i, err)
			}
			got := enginetest.Collect(t, items.QueryIndex("gsi1", Touched{Box: "b"}).Equal(Touched{Since: now.now.Unix()}).All(ctx))
			turned := enginetest.Collect(t, items.QueryIndex("gsi2", Touched{ID: "1"}).Equal(Touched{Box: "b"}).All(ctx))
			if len(got) != 1 || len(turned) != 1 || got[0].Since != now.now.Unix() {
				t.Fatalf("write %d: the indexes hold %v and %v", i, got, turned)
			}
		}
	})
}

// Another writer comes between the reading and the writing of an update with Fetch, again and again.
func TestFetchIsTriedAgainWhenAnotherWriterComesBetween(t *testing.T) {
	synctest.Test(t, testFetchWithAnotherWriter)
}

func testFetchWithAnotherWriter(t *testing.T) {
	s := onMemory(t)
	jobs, _ := declareJobs(s.NewTable(entable.GSI("gsi1"), entable.GSI("gsi2"), entable.GSI("gsi3")))
	check(t, jobs.Put(t.Context(), &Job{ID: "1", Team: "red", Due: 1}))
	between := 3
	table := jobs.Table()
	table.Use(betweenWriter{wrapper{s.SDK}, func() {
		if between--; between >= 0 {
			_, err := s.SDK.UpdateItem(t.Context(), &dynamodb.UpdateItemInput{TableName: aws.String(table.Name()), Key: key("JI#1", "A"),
				UpdateExpression: aws.String("SET due = due + :one, gsi1sk = :sk"), ExpressionAttributeValues: map[string]types.AttributeValue{
					":one": avN("1"), ":sk": avS(fmt.Sprintf("D#%04d", 4-between)),
				}})
			check(t, err)
		}
	}})
	check(t, jobs.Update(Job{ID: "1"}).Fetch().Set("team", "blue").Do(t.Context()))
	item := s.Load(table, key("JI#1", "A"))
	if got := item["due"].(*types.AttributeValueMemberN).Value; got != "4" || item["team"].(*types.AttributeValueMemberS).Value != "blue" {
		t.Errorf("stored %s", dynamoJSON(item))
	}
	checkIndexKeys(t, jobs, item)

	between = 1 << 30 // for ever: the update gives up
	start := time.Now()
	err := jobs.Update(Job{ID: "1"}).Fetch().Set("team", "red").Do(t.Context())
	if !is[*entable.ConditionFailedError](err) {
		t.Errorf("error %v after %s, want a *ConditionFailedError", err, time.Since(start))
	}
}

// betweenWriter does something before each update.
type betweenWriter struct {
	wrapper
	between func()
}

func (c betweenWriter) UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, opts ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	c.between()
	return c.wrapper.UpdateItem(ctx, in, opts...)
}
