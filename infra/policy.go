package infra

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/entable/entable"
	"github.com/entable/entable/internal/manifest"
)

// PolicyDocument is a policy of IAM.
type PolicyDocument struct {
	Version   string
	Statement []Statement
	// Notes say where the policy allows more than what was asked for, because IAM has no way to say it: a scan sees all items,
	// entities share partitions, a partition key has no fixed text.
	Notes []string `json:"-"`
}

// Statement allows actions on one resource: the table, an index, or the table's streams.
type Statement struct {
	Effect    string
	Action    []string
	Resource  string
	Condition map[string]map[string][]string `json:",omitempty"`
}

// JSON returns the policy as IAM takes it.
func (d *PolicyDocument) JSON() []byte { return jsonText(d) }

// Policy returns the least that a program has to be allowed that does what the grants say, and nothing else:
//
//	policy, err := infra.Policy(items,
//		infra.Allow(infra.Read|infra.Put, Orders, Lines),
//		infra.AllowIndex("by-date", infra.Query, Orders),
//		infra.AllowTable(infra.Verify))
//
// Where the partition keys of entities begin with fixed text, or have some in them, the actions on their items have a condition on
// dynamodb:LeadingKeys: a program that was not granted customers cannot read their partitions. Each action is then in one
// statement for the table and for each index, with the patterns of all entities that were granted it. What IAM cannot tell is in
// Notes.
//
// Transactions need no more than the actions of their parts. Writes of entities with unique fields are allowed what they do to the
// items that keep values unique, and Verify the item that it keeps. Keys of KMS, tags, backups and resource policies of
// what a CreateTable may be edited to ask for are left to other policies, as are streams that Lambda reads for a function.
// An error names a grant that means nothing.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_dynamodb.html
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
func Policy(table *entable.Table, grants ...Grant) (*PolicyDocument, error) {
	m, err := manifest.Parse(table.Manifest())
	if err != nil {
		return nil, fmt.Errorf("entable: infra: table %q: %w", table.Name(), err)
	}
	p := &policy{table: table, manifest: m, found: map[string]*entity{}, needs: map[need]*reach{}, arn: tableARN(table)}
	for i := range m.Entities {
		p.found[m.Entities[i].Name] = &m.Entities[i]
	}
	for _, g := range grants {
		if err := g(p); err != nil {
			return nil, fmt.Errorf("entable: infra: table %q: %w", table.Name(), err)
		}
	}
	if len(p.needs) == 0 {
		return nil, fmt.Errorf("entable: infra: table %q: %w", table.Name(), errors.New("cannot make a policy that allows nothing: say what the program does"))
	}
	return p.document(), nil
}

func tableARN(table *entable.Table) string {
	if strings.HasPrefix(table.Name(), "arn:") {
		return table.Name()
	}
	return "arn:aws:dynamodb:*:*:table/" + table.Name()
}

type entity = manifest.Entity

// policy collects what a program needs.
type policy struct {
	table    *entable.Table
	manifest *manifest.Manifest
	found    map[string]*entity
	needs    map[need]*reach
	notes    []string
	arn      string
}

// need is an action on a part of the table: "", "/index/by-date", "/stream/*".
type need struct{ action, part string }

// reach is how far an action goes: all, or the partitions of some patterns.
type reach struct {
	all      bool
	patterns map[string]bool
}

// add allows an action on the partitions of a pattern; "" is all.
func (p *policy) add(part, pattern string, actions ...string) {
	for _, a := range actions {
		at := need{a, part}
		if p.needs[at] == nil {
			p.needs[at] = &reach{patterns: map[string]bool{}}
		}
		if pattern == "" {
			p.needs[at].all = true
		} else {
			p.needs[at].patterns[pattern] = true
		}
	}
}

func (p *policy) note(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(p.notes, text) {
		p.notes = append(p.notes, text)
	}
}

var itemActions = []struct {
	access Access
	action string
}{
	{Get | Fetch, "GetItem"}, {BatchGet, "BatchGetItem"}, {Query, "Query"}, {Put, "PutItem"}, {Update | Fetch, "UpdateItem"},
	{Delete, "DeleteItem"}, {BatchWrite, "BatchWriteItem"}, {Check, "ConditionCheckItem"},
}

// movedActions are what an access needs besides where items of the entity may be at several places: reads look at all of them, and
// writes take an item from one to the other.
var movedActions = []struct {
	access Access
	action string
}{
	{Get | BatchGet | Scan, "BatchGetItem"}, {BatchGet | Put | Update | Delete | BatchWrite | Check, "GetItem"},
	{Update | Fetch | BatchWrite, "PutItem"}, {Put | Update | Fetch | BatchWrite | Check, "DeleteItem"},
}

func (p *policy) allowEntity(access Access, e *entity) {
	patterns := p.patternsOf(e)
	for _, a := range itemActions {
		if access.has(a.access) && (len(e.Moved) == 0 || a.access != BatchWrite) {
			p.addAll(patterns, a.action)
		}
	}
	for _, a := range movedActions {
		if access.has(a.access) && len(e.Moved) > 0 {
			p.addAll(patterns, a.action)
		}
	}
	if access.has(Scan) {
		p.add("", "", "Scan")
		p.note("a Scan sees the items of all entities: no condition can keep it to %s", e.Name)
	}
	p.noteShared(e)
	guarded := access & (Put | Update | Fetch | Delete)
	for _, u := range e.Unique {
		if u.Removed || guarded == 0 {
			continue
		}
		p.addAll(patterns, "GetItem") // the values that the item had
		sentinel := "_unique#" + inKey(e.OldestName()) + "#" + inKey(u.Attribute) + "#*"
		if guarded.has(Put | Update | Fetch) {
			p.add("", sentinel, "PutItem")
		}
		p.add("", sentinel, "DeleteItem")
	}
}

// patternsOf returns the patterns of the partitions of an entity, at all places where its items may be.
func (p *policy) patternsOf(e *entity) []string {
	what := fmt.Sprintf("the partition key of %s", e.Name)
	patterns := []string{p.patternOf(&e.PK, p.manifest.Table.PK, what)}
	for _, o := range e.Places() {
		patterns = append(patterns, p.patternOf(&o.PK, p.manifest.Table.PK, what+" at another place"))
	}
	return patterns
}

func (p *policy) addAll(patterns []string, action string) {
	for _, pattern := range patterns {
		p.add("", pattern, action)
	}
}

// noteShared says that the partitions of an entity hold items of others.
func (p *policy) noteShared(e *entity) {
	var others []string
	for i := range p.manifest.Entities {
		if o := &p.manifest.Entities[i]; o != e && keyPattern(&o.PK) == keyPattern(&e.PK) {
			others = append(others, o.Name)
		}
	}
	if len(others) > 0 {
		p.note("items of %s are in the partitions of %s, and what is allowed of one is allowed of all", strings.Join(others, ", "), e.Name)
	}
}

func (p *policy) allowIndex(access Access, name string, e *entity) error {
	i := slices.IndexFunc(e.Indexes, func(x manifest.EntityIndex) bool { return x.Name == name })
	j := slices.IndexFunc(p.manifest.Table.Indexes, func(x manifest.Index) bool { return x.Name == name })
	if i < 0 || j < 0 {
		return fmt.Errorf("cannot allow index %q: %s is not in it", name, e.Name)
	}
	part, declared := "/index/"+name, p.manifest.Table.Indexes[j]
	if len(e.Moved) > 0 {
		p.addAll(p.patternsOf(e), "BatchGetItem")
	}
	if access.has(Scan) {
		p.add(part, "", "Scan")
		p.note("a Scan of index %q sees the items of all entities", name)
	}
	if !access.has(Query) {
		return nil
	}
	pattern, what := "", fmt.Sprintf("the partition key of %s in index %q", e.Name, name)
	switch declared.Kind {
	case manifest.Local:
		for _, pattern := range p.patternsOf(e) {
			p.add(part, pattern, "Query")
		}
		return nil
	case manifest.Global:
		pattern = p.patternOf(e.Indexes[i].PK, declared.PK[0], what)
	default:
		p.note("the keys of index %q are attributes of the entities: queries of it are not kept to partitions", name)
	}
	p.add(part, pattern, "Query")
	return nil
}

// checkpoints is the name of the entity that the package stream keeps its positions in.
const checkpoints = "StreamCheckpoint"

func (p *policy) allowTable(access Access) error {
	expires := p.table.TimeToLiveInput() != nil
	if access.has(Compare | Create | Ensure | Drop | AddIndexes) {
		p.add("", "", "DescribeTable")
	}
	if access.has(Compare|Ensure) && expires {
		p.add("", "", "DescribeTimeToLive")
	}
	if access.has(Create | Ensure) {
		p.add("", "", "CreateTable")
		if expires {
			p.add("", "", "UpdateTimeToLive")
		}
	}
	if access.has(AddIndexes) {
		p.add("", "", "UpdateTable")
		p.note("UpdateTable also changes the table's throughput, class, encryption, stream and protection from deletion")
	}
	if access.has(Drop) {
		p.add("", "", "DeleteTable")
	}
	if access.has(Verify) {
		p.add("", "_manifest#%", "GetItem", "PutItem")
	}
	if access.has(Audit | Repair) {
		p.add("", "", "Scan", "BatchGetItem", "GetItem")
		p.note("an Audit reads all items")
	}
	if access.has(Repair) {
		p.add("", "", "UpdateItem", "ConditionCheckItem")
		p.add("", "_unique#*", "PutItem", "DeleteItem")
		p.note("a Repair changes items of all entities")
	}
	if access.has(Stream) {
		p.add("/stream/*", "", "DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")
	}
	if access.has(Checkpoints) {
		e := p.found[checkpoints]
		if e == nil {
			return fmt.Errorf("cannot allow Checkpoints: stream.NewTableCheckpoints has not registered them on it")
		}
		p.allowEntity(Query|Put|Delete, e)
	}
	return nil
}

// patternOf returns the pattern of a partition key, "" where IAM cannot tell its values from others.
func (p *policy) patternOf(k *manifest.Key, a manifest.Attr, what string) string {
	if a.Type != string(types.ScalarAttributeTypeS) {
		p.note("%s is no string: dynamodb:LeadingKeys has no pattern for it", what)
		return ""
	}
	pattern := keyPattern(k)
	switch {
	case strings.Trim(pattern, "*"+k.Separator) == "":
		p.note("%s has no fixed text: what is allowed of it is allowed of all partitions", what)
		return ""
	case strings.ContainsFunc(pattern, func(r rune) bool { return r < ' ' || r > 0xFF }):
		p.note("%s has characters that a policy cannot have: what is allowed of it is allowed of all partitions", what)
		return ""
	}
	return pattern
}

// escapePattern keeps fixed text from being read as wildcards and variables.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-specialchars
var escapePattern = strings.NewReplacer("*", "${*}", "?", "${?}", "$", "${$}")

// keyPattern returns the pattern of a key's texts: fixed text, and * for values.
func keyPattern(k *manifest.Key) string {
	var parts []string
	if k.Prefix != "" {
		parts = append(parts, escapePattern.Replace(k.Prefix))
	}
	for _, s := range k.Segments {
		if s.Tail {
			parts = append(parts, "*")
			break
		}
		if s.Literal != "" {
			parts = append(parts, escapePattern.Replace(s.Literal))
		} else {
			parts = append(parts, "*")
		}
	}
	text := strings.Join(parts, escapePattern.Replace(k.Separator))
	for behind := escapePattern.Replace(k.Separator) + "*"; strings.HasSuffix(text, "*"+behind); { // a value takes what follows too
		text = strings.TrimSuffix(text, behind)
	}
	return text
}

// inKey returns the pattern of a text as it stands in a composed key: with * for what a policy cannot have.
func inKey(text string) string {
	var b strings.Builder
	for _, c := range text {
		switch {
		case c <= '%':
			fmt.Fprintf(&b, "%%%02X", c)
		case c > 0xFF:
			b.WriteByte('*')
		default:
			b.WriteString(escapePattern.Replace(string(c)))
		}
	}
	return b.String()
}

// document makes statements of what is needed: one for all actions on the same part and the same partitions.
func (p *policy) document() *PolicyDocument {
	type place struct{ part, patterns string }
	actions := map[place][]string{}
	for at, r := range p.needs {
		where := place{part: at.part}
		if !r.all {
			where.patterns = strings.Join(slices.Sorted(maps.Keys(r.patterns)), "\n")
		}
		actions[where] = append(actions[where], "dynamodb:"+at.action)
	}
	d := &PolicyDocument{Version: "2012-10-17", Notes: p.notes}
	for where, list := range actions {
		slices.Sort(list)
		s := Statement{Effect: "Allow", Action: list, Resource: p.arn + where.part}
		if where.patterns != "" {
			s.Condition = map[string]map[string][]string{"ForAllValues:StringLike": {"dynamodb:LeadingKeys": strings.Split(where.patterns, "\n")}}
		}
		d.Statement = append(d.Statement, s)
	}
	slices.SortFunc(d.Statement, func(a, b Statement) int {
		return cmp.Or(strings.Compare(a.Resource, b.Resource), strings.Compare(fmt.Sprint(a.Condition, a.Action), fmt.Sprint(b.Condition, b.Action)))
	})
	return d
}
