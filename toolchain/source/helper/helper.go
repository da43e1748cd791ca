// Package helper is what erg does when it runs itself to bring in a source:
// fetching, verifying, unpacking and laying out. Package source describes the
// actions whose processes these are.
//
// Being processes of actions, they may look at the world: what they are told
// is in the action's key, or named by an integrity that is. What goes wrong is
// worded for people, with the place of the declaration, since what a process
// prints is all that is seen of it.
package helper

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"erg.build/erg/toolchain/source"
	"erg.build/erg/toolchain/source/archive"
)

// Main does not return if this process was started by an action of package
// source. Programs whose engine builds sources call it first thing in main.
func Main() {
	if len(os.Args) < 4 || os.Args[1] != source.Command {
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[2], os.Args[4:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// An Error is what went wrong with a source.
type Error struct {
	Site, Name string // of the declaration; "" to leave it out
	Err        error
	Hint       string
}

func (e *Error) Error() string {
	text := e.Err.Error()
	if e.Site != "" {
		text = e.Site + ": " + e.Name + ": " + text
	}
	if e.Hint != "" {
		text += "\n  hint: " + e.Hint
	}
	return text
}

func (e *Error) Unwrap() error { return e.Err }

// hinted adds a hint to an error.
func hinted(err error, format string, args ...any) error {
	return &Error{Err: err, Hint: fmt.Sprintf(format, args...)}
}

// at adds the place of a declaration to an error.
func at(site, name string, err error) error {
	if err == nil {
		return nil
	}
	e := &Error{Err: err}
	if errors.As(err, &e) {
		e = &Error{Err: e.Err, Hint: e.Hint}
	}
	e.Site, e.Name = site, name
	return e
}

var errUsage = errors.New("this is a helper of erg's actions, not to be called by hand")

func run(ctx context.Context, verb string, args []string) error {
	least := map[string]int{source.Fetch: 8, source.Unpack: 8, source.Pack: 8, source.Lay: 5}[verb]
	if least == 0 || len(args) < least {
		return errUsage
	}
	site, name := args[len(args)-2], args[len(args)-1]
	switch verb {
	case source.Fetch:
		return fetchMain(ctx, args)
	case source.Lay:
		return at(site, name, lay(args[0], args[1], args[2]))
	}
	return at(site, name, unpackMain(verb, args[:len(args)-2]))
}

func fetchMain(ctx context.Context, args []string) error {
	want, out, from := source.Integrity(args[0]), args[1], args[2:]
	if _, err := source.ParseIntegrity(string(want)); err != nil {
		return err
	}
	most, err := strconv.ParseInt(from[5], 10, 64)
	if err != nil {
		return errUsage
	}
	site, name := from[1], from[2]
	r := Request{Kind: source.Kind(from[0]), Address: from[3], Rev: from[4], Most: most}
	got, note, err := Fetch(ctx, r, out, want)
	if err != nil {
		return at(site, name, err)
	}
	if got != want {
		os.Remove(out)
		return at(site, name, &Error{
			Err:  fmt.Errorf("what was fetched is not what the integrity names\n  expected  %s\n  got       %s", want, got),
			Hint: fmt.Sprintf("if %s is to be that, run: erg source lock %s", source.Redact(r.Address), strings.TrimPrefix(name, "source.")),
		})
	}
	if note != "" {
		fmt.Fprintf(os.Stderr, "%s: %s: %s\n", site, name, note)
	}
	return nil
}

// unpackMain makes a tree from an archive or a directory.
func unpackMain(verb string, args []string) error {
	from, out, list := args[0], args[1], args[2]
	var nums [3]int64
	for i := range nums {
		n, err := strconv.ParseInt(args[3+i], 10, 64)
		if err != nil {
			return errUsage
		}
		nums[i] = n
	}
	limits := archive.Limits{Files: int(nums[1]), Bytes: nums[2]}
	spool, err := newSpool(filepath.Dir(out))
	if err != nil {
		return err
	}
	defer spool.Close()
	var t *archive.Tree
	if verb == source.Pack {
		t, err = packDir(from, spool, limits)
	} else {
		t, err = readArchive(from, spool, limits)
	}
	if err != nil {
		return limitHint(err)
	}
	if err := t.Strip(int(nums[0])); err != nil {
		return err
	}
	for _, p := range args[6:] {
		text, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		if err := t.Patch(text); err != nil {
			return hinted(fmt.Errorf("%s: %w", p, err), "the patch must be made for the tree as it is after strip and the patches before it")
		}
	}
	if err := t.Check(); err != nil {
		return limitHint(err)
	}
	return errors.Join(write(out, t.Write), write(list, t.WriteList))
}

func limitHint(err error) error {
	var l *archive.LimitError
	if errors.As(err, &l) {
		attr := map[string]string{"files": "max_files", "bytes": "max_size"}[l.What]
		return hinted(err, "if it is to be trusted, raise %s", attr)
	}
	return err
}

// newSpool returns a file without a name, so that nothing stays of it however
// the process ends.
func newSpool(dir string) (*os.File, error) {
	f, err := os.CreateTemp(dir, "spool-")
	if err != nil {
		return nil, err
	}
	return f, os.Remove(f.Name())
}

func write(name string, fill func(io.Writer) error) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(fill(f), f.Close())
}

func readArchive(name string, spool archive.Spool, limits archive.Limits) (*archive.Tree, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return nil, err
	}
	return archive.Read(f, fi.Size(), spool, limits)
}
