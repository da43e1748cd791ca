package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
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

// A promotion is what a failed test printed, and the file that it was to equal.
type promotion struct {
	target, expect, printed string
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
		if !a.Failed || len(a.Why) != 1 || a.Why[0].What != engine.Differs || !wanted(a.Target, a.Context, contexts, want) {
			continue
		}
		list = append(list, promotion{a.Target, a.Why[0].Name, a.ID()})
	}
	sort.Slice(list, func(i, j int) bool { return list[i].target < list[j].target })
	return list, nil
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
	printed, err := os.ReadFile(filepath.Join(root, p.printed))
	if err != nil {
		return fmt.Errorf("what %s printed is gone; run the test again: %w", p.target, err)
	}
	printed = bytes.ReplaceAll(printed, []byte("\r\n"), []byte("\n"))
	name := filepath.Join(root, p.expect)
	old, err := os.ReadFile(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if first, ok := by[p.expect]; ok {
		if !bytes.Equal(old, printed) {
			return fmt.Errorf("%s and %s print different things and expect the same file, %s", first.target, p.target, p.expect)
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
	_, err = fmt.Fprintf(c.Stdout, "%s now holds what %s prints\n", p.expect, p.target)
	return err
}
