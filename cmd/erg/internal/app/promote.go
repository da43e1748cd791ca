package app

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strings"

	"github.com/rogpeppe/go-internal/diff"

	"erg.build/erg/cmd/erg/internal/cli"
	"erg.build/erg/cmd/erg/internal/show"
	"erg.build/erg/contexts/addr"
	"erg.build/erg/engine"
	"erg.build/erg/engine/action"
	"erg.build/erg/engine/event"
	"erg.build/erg/engine/fsys"
)

// A promotion is what a failed test made, and the file that it was to equal.
type promotion struct {
	target, expect string
	printed        string // the file that has what it printed; or
	made           []byte // what it made
}

// verb says how it came by what it wants a file to be.
func (p promotion) verb() string {
	if p.printed != "" {
		return "prints"
	}
	return "makes"
}

// Promote implements cli.App. It goes by the trace alone: what is promoted is
// what the last run of a test printed, and nothing is run.
func (App) Promote(ctx context.Context, c cli.Common, o cli.PromoteOptions) error {
	eng, err := open(ctx, c, event.SinkFunc(func(event.Event) {}))
	if err != nil {
		return err
	}
	defer eng.Close()
	list, err := promotions(eng, c.Contexts, o.Tests)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		_, err := fmt.Fprintln(c.Stdout, "No test printed anything else than expected.")
		return err
	}
	by := map[string]promotion{}
	for _, p := range list {
		if err := promote(c, eng.Root(), p, by, o.DryRun); err != nil {
			return err
		}
	}
	return nil
}

// promotions finds the failed tests that were asked for.
func promotions(eng *engine.Engine, contexts, tests []string) ([]promotion, error) {
	var want []addr.Addr
	for _, t := range tests {
		a, err := addr.Parse(t)
		if err != nil {
			return nil, &cli.UsageError{Command: "erg promote", Text: err.Error()}
		}
		want = append(want, a)
	}
	var list []promotion
	for a := range eng.State().Actions() {
		if !a.Failed || len(a.Why) != 1 || !wanted(a.Target, a.Context, contexts, want) {
			continue
		}
		switch name := a.Why[0].Name; a.Why[0].What {
		case engine.Differs:
			list = append(list, promotion{target: a.Target, expect: name, printed: a.ID()})
		case engine.Corrects:
			more, err := corrections(eng.Root(), a.Target, name)
			if err != nil {
				return nil, err
			}
			list = append(list, more...)
		}
	}
	sort.SliceStable(list, func(i, j int) bool { return list[i].target < list[j].target })
	return list, nil
}

// corrections reads what a failed action says that sources should hold.
func corrections(root, target, name string) ([]promotion, error) {
	f, err := os.Open(filepath.Join(root, name))
	if err != nil {
		return nil, fmt.Errorf("what %s made is gone; run it again: %w", target, err)
	}
	defer f.Close()
	var list []promotion
	for r := tar.NewReader(f); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return list, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		// What an action says is not to be trusted with the person's other files.
		if !filepath.IsLocal(h.Name) || h.Typeflag != tar.TypeReg {
			return nil, fmt.Errorf("%s: %s wants to correct %q, which is no file of the workspace", name, target, h.Name)
		}
		made, err := io.ReadAll(r)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		list = append(list, promotion{target: target, expect: path.Clean(h.Name), made: made})
	}
}

func wanted(target, context string, contexts []string, want []addr.Addr) bool {
	if len(contexts) > 0 {
		ok := false
		for _, c := range contexts {
			ok = ok || c == context || strings.HasPrefix(context, c+"@")
		}
		if !ok {
			return false
		}
	}
	if len(want) == 0 {
		return true
	}
	a, err := addr.Parse(target)
	g, ok := a.(addr.Target)
	if err != nil || !ok {
		return false
	}
	for _, w := range want {
		switch w := w.(type) {
		case addr.Context:
			ok = w.Name == g.Context.Name && (w.Key == "" || w.Key == g.Context.Key)
		case addr.Directory:
			ok = w.Contains(g.Dir) && (w.Context.IsZero() || w.Context == g.Context)
		case addr.Target:
			ok = w == g || w.Context.IsZero() && w.In(g.Context) == g
		default:
			ok = false
		}
		if ok {
			return true
		}
	}
	return false
}

// promote makes a file what a test printed. Two tests, in two contexts, may
// expect the same file; they cannot both be right if they differ.
func promote(c cli.Common, root string, p promotion, by map[string]promotion, dry bool) error {
	if action.IsOutput(p.expect) {
		return fmt.Errorf("%s is held against %s, which is generated: change what makes it", p.target, p.expect)
	}
	printed := p.made
	if p.printed != "" {
		b, err := os.ReadFile(filepath.Join(root, p.printed))
		if err != nil {
			return fmt.Errorf("what %s printed is gone; run the test again: %w", p.target, err)
		}
		printed = bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n"))
	}
	name := filepath.Join(root, p.expect)
	old, err := os.ReadFile(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if first, ok := by[p.expect]; ok {
		if !bytes.Equal(old, printed) {
			return fmt.Errorf("%s and %s make different things and expect the same file, %s", first.target, p.target, p.expect)
		}
		return nil
	}
	d := show.Diff(diff.Diff(p.expect, old, p.expect, printed), c.UseColor())
	if dry {
		_, err := c.Stdout.Write(d)
		return err
	}
	by[p.expect] = p
	if err := fsys.WriteFile(fsys.OS{}, name, printed, 0o666); err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.Stdout, "%s now holds what %s %s\n", p.expect, p.target, p.verb())
	return err
}
