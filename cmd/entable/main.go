// Command entable makes a first proposal of declarations for a table that exists already. Run it with
// go run github.com/entable/entable/cmd/entable@latest:
//
//	entable propose -table T [-endpoint URL] [-region R] [-sample N] [-package P] [-o FILE]
//	entable propose -in items.jsonl [-table T] [-sample N] [-pk NAME] [-sk NAME] [-index NAME=PK,SK]… [-package P] [-o FILE]
//
// It reads a sample of the table's items, or lines of DynamoDB's JSON (items, or those of an export to S3, also compressed
// with gzip; "-" is the standard input), and writes a Go file: a struct for each kind of item, and its registration with the
// keys as they are stored. Then it declares the kinds itself and checks that every item comes back as it was, and that no
// two kinds can have one key. It writes nothing to the table.
//
// Credentials are those of the environment: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN and AWS_REGION, as
// `aws configure export-credentials --format env` prints them. With -endpoint they may be missing.
//
// A file that is there is not written over: a proposal is to be changed by hand.
//
// It exits with 0 if all sampled items are placed, with 1 if some are not (the file lists them) or something went wrong,
// and with 2 for wrong arguments.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"go/token"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/entable/entable/internal/propose"
	"github.com/entable/entable/progress"
)

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

const usage = `usage: entable propose -table T [-endpoint URL] [-region R] [-sample N] [-package P] [-o FILE]
       entable propose -in items.jsonl [-table T] [-sample N] [-pk NAME] [-sk NAME] [-index NAME=PK,SK]...
                       [-package P] [-o FILE]

`

// arguments are those of propose.
type arguments struct {
	table, in, endpoint, region, pkg, out string
	sample                                int
	given                                 propose.Table // by -pk, -sk and -index
}

// run carries the command out and returns the code that it exits with.
func run(ctx context.Context, args []string, in io.Reader, out, messages io.Writer) int {
	a, err := parse(args, messages)
	if err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(messages, "entable:", err)
		}
		return 2
	}
	p, err := (*propose.Proposal)(nil), a.free()
	if err == nil {
		p, err = a.propose(ctx, in, messages)
	}
	if err == nil {
		err = a.write(p, out)
	}
	if err != nil {
		fmt.Fprintln(messages, "entable:", err)
		return 1
	}
	fmt.Fprintf(messages, "entable: %d kinds; %d of %d sampled items come back as they were\n", len(p.Kinds), p.Placed(), p.Items)
	if p.Own > 0 {
		fmt.Fprintf(messages, "entable: passed over: %d items that entable itself keeps\n", p.Own)
	}
	for _, u := range p.Unplaced {
		fmt.Fprintf(messages, "entable: not placed: %d items, such as %s: %s\n", u.Items, strings.Join(u.Keys, "; "), u.Reason)
	}
	if len(p.Unplaced) > 0 {
		return 1
	}
	return 0
}

func parse(args []string, messages io.Writer) (a arguments, err error) {
	flags := flag.NewFlagSet("entable propose", flag.ContinueOnError)
	flags.SetOutput(messages)
	flags.Usage = func() {
		fmt.Fprint(messages, usage)
		flags.PrintDefaults()
	}
	flags.StringVar(&a.table, "table", "", "`name` of the table")
	flags.StringVar(&a.in, "in", "", "`file` of items instead of the table; - is the standard input")
	flags.StringVar(&a.endpoint, "endpoint", "", "`URL` of the service, for DynamoDB Local and the like")
	flags.StringVar(&a.region, "region", os.Getenv("AWS_REGION"), "`region` of the table")
	flags.IntVar(&a.sample, "sample", 1000, "how many `items` to read at most")
	flags.StringVar(&a.pkg, "package", "model", "`name` of the package to write")
	flags.StringVar(&a.out, "o", "", "`file` to write; the standard output without")
	flags.StringVar(&a.given.PK.Name, "pk", "", "`attribute` that is the partition key, with -in; guessed without")
	flags.StringVar(&a.given.SK.Name, "sk", "", "`attribute` that is the sort key, with -in")
	flags.Func("index", "an index as `name=pk,sk`, with -in; may be repeated", a.addIndex)
	if len(args) == 0 || args[0] != "propose" {
		flags.Usage()
		if len(args) == 0 || strings.Trim(args[0], "-") == "h" || strings.Trim(args[0], "-") == "help" {
			return a, flag.ErrHelp
		}
		return a, fmt.Errorf("unknown command %q", args[0])
	}
	if err := flags.Parse(args[1:]); err != nil {
		return a, flag.ErrHelp // it has said it
	}
	given := map[string]bool{}
	flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
	switch {
	case flags.NArg() > 0:
		return a, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	case a.in != "" && (given["endpoint"] || given["region"]):
		return a, errors.New("-endpoint and -region are those of a table that is read: leave -in out, or them")
	case a.table == "" && a.in == "":
		return a, errors.New("give -table or -in")
	case a.in == "" && (a.given.PK.Name != "" || a.given.SK.Name != "" || a.given.Indexes != nil):
		return a, errors.New("-pk, -sk and -index go with -in: those of a table are read from it")
	case a.sample < 1:
		return a, fmt.Errorf("invalid -sample %d: give at least 1", a.sample)
	case !token.IsIdentifier(a.pkg) || a.pkg == "_":
		return a, fmt.Errorf("invalid -package %q: give the name of a Go package", a.pkg)
	}
	return a, nil
}

func (a *arguments) addIndex(text string) error {
	name, keys, ok := strings.Cut(text, "=")
	pk, sk, sorted := strings.Cut(keys, ",")
	if !ok || name == "" || pk == "" || sorted && sk == "" {
		return errors.New("give name=pk or name=pk,sk")
	}
	x := propose.Index{Name: name, PK: []propose.Attr{{Name: pk}}}
	if sorted {
		x.SK = []propose.Attr{{Name: sk}}
	}
	a.given.Indexes = append(a.given.Indexes, x)
	return nil
}

// propose reads the sample and makes the proposal.
func (a *arguments) propose(ctx context.Context, in io.Reader, messages io.Writer) (*propose.Proposal, error) {
	if a.in == "" {
		client, err := a.client()
		if err != nil {
			return nil, err
		}
		ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM) // of requests only: reading a file just ends
		defer stop()
		units := 0.0
		line := progress.New(messages, "entable: reading "+a.table, progress.Options{
			Total: a.sample, Cost: func() (read, write float64) { return units, 0 }})
		table, items, err := propose.Scan(ctx, client, a.table, a.sample, func(done, of int, consumed float64) {
			units = consumed
			line.Expect(of)
			line.Set(done)
		})
		line.End()
		if err != nil {
			return nil, err
		}
		return propose.Propose(table, items)
	}
	if a.in != "-" {
		file, err := os.Open(a.in)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		in = file
	}
	items, err := propose.Lines(in, a.sample)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", a.in, err)
	}
	if a.given.Name = a.table; a.table == "" {
		a.given.Name = "items"
	}
	a.given.Guess = true
	return propose.Propose(a.given, items)
}

// client returns a client with the environment's credentials.
func (a *arguments) client() (*dynamodb.Client, error) {
	id, secret := os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY")
	opts := dynamodb.Options{Region: a.region}
	switch {
	case a.endpoint != "":
		opts.BaseEndpoint = aws.String(a.endpoint)
		if id == "" {
			id, secret = "local", "local"
		}
		if a.region == "" {
			opts.Region = "local"
		}
	case id == "" || secret == "":
		return nil, errors.New("no credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, " +
			"as with: eval \"$(aws configure export-credentials --format env)\"")
	case a.region == "":
		return nil, errors.New("no region: set AWS_REGION or give -region")
	}
	opts.Credentials = credentials.NewStaticCredentialsProvider(id, secret, os.Getenv("AWS_SESSION_TOKEN"))
	return dynamodb.New(opts), nil
}

// free refuses to write a file that is there: a proposal is changed by hand.
func (a *arguments) free() error {
	if a.out == "" {
		return nil
	}
	if _, err := os.Lstat(a.out); err == nil {
		return fmt.Errorf("%s is there, and may have been changed by hand: give another name, or remove it", a.out)
	}
	return nil
}

// write writes the Go file.
func (a *arguments) write(p *propose.Proposal, out io.Writer) error {
	source, err := p.Source(a.pkg)
	if err != nil {
		return err
	}
	if a.out != "" {
		file, err := os.OpenFile(a.out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if err != nil {
			return err
		}
		_, err = file.Write(source)
		return errors.Join(err, file.Close())
	}
	_, err = out.Write(source)
	return err
}
