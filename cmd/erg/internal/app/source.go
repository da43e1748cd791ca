package app

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"erg.build/erg/cmd/erg/internal/cli"
	"erg.build/erg/contexts"
	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/config"
	"erg.build/erg/engine"
	"erg.build/erg/engine/event"
	"erg.build/erg/engine/fsys"
	"erg.build/erg/toolchain/source"
	"erg.build/erg/toolchain/source/helper"
)

// sourceSession evaluates the workspace in a session that is about sources
// only.
func sourceSession(ctx context.Context, c cli.Common, eng *engine.Engine, mode engine.Mode, fetched map[addr.Source]string, sink event.Sink, fn func(*contexts.Evaluator, *engine.Task) error) (*engine.Session, error) {
	vars := map[string]string{}
	for _, v := range c.Vars {
		vars[v.Name] = v.Value
	}
	ev := contexts.New(contexts.Options{Vars: vars, Fetched: fetched})
	s := eng.NewSession(ctx, engine.SessionOptions{Mode: mode, Goal: goalKey("source", c, nil), Jobs: c.Jobs, KeepGoing: true, Sink: sink, Environ: os.Environ()})
	err := s.Eval(func(t *engine.Task) error { return fn(ev, t) })
	saved := s.Finish(false, nil)
	j := &job{command: "source", common: c}
	return s, j.verdict(ctx, ev, err, saved, s.Result())
}

// declaredSources lists the sources of a workspace.
func declaredSources(ctx context.Context, c cli.Common, eng *engine.Engine) ([]contexts.DeclaredSource, error) {
	var list []contexts.DeclaredSource
	_, err := sourceSession(ctx, c, eng, engine.Plan, nil, quiet(c), func(ev *contexts.Evaluator, t *engine.Task) (err error) {
		list, err = ev.Sources(t)
		return err
	})
	return list, err
}

// LockSources implements cli.App.
func (App) LockSources(ctx context.Context, c cli.Common, o cli.LockOptions) error {
	eng, err := open(ctx, c, quiet(c))
	if err != nil {
		return err
	}
	defer eng.Close()
	all, err := declaredSources(ctx, c, eng)
	if err != nil {
		return err
	}
	list, err := chosen(all, o)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		_, err := fmt.Fprintln(c.Stdout, "All sources have an integrity.")
		return err
	}
	work, err := os.MkdirTemp(filepath.Join(eng.Root(), engine.StateDir), "fetched-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	l := &locker{c: c, eng: eng, work: work, set: map[string]string{}, fetched: map[addr.Source]string{}}
	for _, s := range list {
		l.lock(ctx, s)
	}
	return l.finish(ctx)
}

// chosen picks the sources that are to be locked.
func chosen(all []contexts.DeclaredSource, o cli.LockOptions) ([]contexts.DeclaredSource, error) {
	var out []contexts.DeclaredSource
	seen := map[string]bool{}
	for _, s := range all {
		named := slices.Contains(o.Names, s.Addr.Name) || slices.Contains(o.Names, s.Addr.Short())
		seen[s.Addr.Name], seen[s.Addr.Short()] = true, true
		switch {
		case named && !s.Kind.Fetches():
			return nil, &cli.UsageError{Command: "erg source lock", Text: fmt.Sprintf("%s is a directory: it has no integrity", s.Addr)}
		case named, s.Kind.Fetches() && (o.All || len(o.Names) == 0 && s.Integrity == ""):
			out = append(out, s)
		}
	}
	for _, n := range o.Names {
		if !seen[n] {
			return nil, &cli.UsageError{Command: "erg source lock", Text: fmt.Sprintf("there is no source %q; erg source list shows which there are", n)}
		}
	}
	return out, nil
}

// A locker is one run of erg source lock.
type locker struct {
	c       cli.Common
	eng     *engine.Engine
	work    string
	file    string                 // erg.hcl
	set     map[string]string      // integrities to write, by the source's name
	fetched map[addr.Source]string // files, by source
	failed  bool
}

func (l *locker) fail(err error) {
	l.failed = true
	fmt.Fprintf(l.c.Stderr, "erg: %v\n", err)
}

// lock fetches a source.
func (l *locker) lock(ctx context.Context, s contexts.DeclaredSource) {
	if ctx.Err() != nil {
		return
	}
	file := filepath.Join(l.work, s.Addr.Short())
	got, note, err := helper.Fetch(ctx, helper.Request{Kind: s.Kind, Address: s.Address, Rev: s.Rev, Dir: l.eng.Root(), Most: s.Limits.Bytes}, file, "")
	if err != nil {
		l.fail(fmt.Errorf("%s: %s: %w", s.Site, s.Addr, err))
		return
	}
	if note != "" {
		fmt.Fprintf(l.c.Stderr, "erg: %s: %s: %s\n", s.Site, s.Addr, note)
	}
	was := "locked"
	same, err := l.same(s, file, got)
	switch {
	case err != nil:
		l.fail(err)
		return
	case same:
		was, got = "unchanged", s.Integrity
	case !s.Settable:
		l.fail(fmt.Errorf("%s: the integrity of %s is not written in a source block of its own, so write it yourself: %s", s.IntegritySite, s.Addr, got))
		return
	case s.Integrity != "":
		was = "updated"
	}
	l.file = s.File
	if !same {
		l.set[s.Addr.Name], l.fetched[s.Addr] = string(got), file
	}
	fmt.Fprintf(l.c.Stdout, "%s  %s  %s\n", s.Addr, was, got)
}

// same reports whether a source has the integrity that it should have.
func (l *locker) same(s contexts.DeclaredSource, file string, got source.Integrity) (bool, error) {
	if s.Integrity == "" || s.Integrity == got {
		return s.Integrity == got, nil
	}
	b, err := os.Open(file)
	if err != nil {
		return false, err
	}
	defer b.Close()
	v := s.Integrity.Verifier()
	if _, err := b.WriteTo(v); err != nil {
		return false, err
	}
	return v.Integrity() == s.Integrity, nil
}

// finish writes the file, and gives what was fetched to the store, from which
// builds will have it.
func (l *locker) finish(ctx context.Context) error {
	if ctx.Err() != nil {
		return cli.ErrInterrupted
	}
	if len(l.set) > 0 {
		name := filepath.Join(l.eng.Root(), l.file)
		src, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		out, err := config.SetIntegrity(l.file, src, l.set)
		if err != nil {
			return err
		}
		if err := fsys.WriteFile(fsys.OS{}, name, out, 0o666); err != nil {
			return err
		}
	}
	var list []addr.Source
	for a := range l.fetched {
		list = append(list, a)
	}
	_, err := sourceSession(ctx, l.c, l.eng, engine.Build, l.fetched, quiet(l.c), func(ev *contexts.Evaluator, t *engine.Task) error {
		return ev.Fetch(t, list)
	})
	if err == nil && l.failed {
		return cli.ErrFailed
	}
	return err
}

// A listedSource is a line of erg source list.
type listedSource struct {
	Source    string `json:"source"`
	Kind      string `json:"kind"`
	From      string `json:"from"`
	Rev       string `json:"rev,omitempty"`
	State     string `json:"state"`   // "locked", "missing" or "none": a directory needs no integrity
	Fetched   string `json:"fetched"` // "here", "store", "no" or "none"
	Size      int64  `json:"size,omitempty"`
	Integrity string `json:"integrity,omitempty"`
	Site      string `json:"site"`
}

// ListSources implements cli.App.
func (App) ListSources(ctx context.Context, c cli.Common) error {
	eng, err := open(ctx, c, quiet(c))
	if err != nil {
		return err
	}
	defer eng.Close()
	var list []contexts.DeclaredSource
	s, err := sourceSession(ctx, c, eng, engine.Plan, nil, quiet(c), func(ev *contexts.Evaluator, t *engine.Task) (err error) {
		if list, err = ev.Sources(t); err != nil {
			return err
		}
		var all []addr.Source
		for _, d := range list {
			all = append(all, d.Addr)
		}
		return ev.Fetch(t, all)
	})
	if err != nil {
		return err
	}
	verdict := map[string]engine.Verdict{}
	for _, a := range s.PlannedActions() {
		verdict[a.Output] = a.Verdict
	}
	out := make([]listedSource, len(list))
	for i, d := range list {
		out[i] = listed(eng.Root(), d, verdict[d.FetchedTo()])
	}
	if c.JSON {
		enc := json.NewEncoder(c.Stdout)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return enc.Encode(out)
	}
	return writeSources(c, out)
}

func listed(root string, d contexts.DeclaredSource, v engine.Verdict) listedSource {
	l := listedSource{Source: d.Addr.String(), Kind: string(d.Kind), From: source.Redact(d.Address), Rev: d.Rev,
		State: "locked", Fetched: "no", Integrity: string(d.Integrity), Site: d.Site}
	switch {
	case !d.Kind.Fetches():
		l.State, l.Fetched = "none", "none"
	case d.Integrity == "":
		l.State = "missing"
	case v == engine.UpToDate:
		l.Fetched = "here"
		if fi, err := os.Stat(filepath.Join(root, d.FetchedTo())); err == nil {
			l.Size = fi.Size()
		}
	case v == engine.WouldRestore:
		l.Fetched = "store"
	}
	return l
}

func writeSources(c cli.Common, list []listedSource) error {
	if len(list) == 0 {
		_, err := fmt.Fprintln(c.Stdout, "There are no sources.")
		return err
	}
	w := tabwriter.NewWriter(c.Stdout, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "SOURCE\tKIND\tFROM\tINTEGRITY\tFETCHED\tSIZE")
	for _, l := range list {
		from := strings.TrimSpace(l.From + " " + l.Rev)
		state := l.State
		if state == "locked" {
			state, _, _ = strings.Cut(l.Integrity, "-")
		}
		size := "-"
		if l.Size > 0 {
			size = sizeText(l.Size)
		}
		for _, s := range []*string{&state, &l.Fetched} {
			if *s == "none" {
				*s = "-"
			}
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", l.Source, l.Kind, from, state, l.Fetched, size)
	}
	return w.Flush()
}

// sizeText is a number of bytes for people.
func sizeText(n int64) string {
	const units = "KMGT"
	if n < 1<<10 {
		return fmt.Sprintf("%d B", n)
	}
	f, i := float64(n)/(1<<10), 0
	for f >= 1000 && i < len(units)-1 {
		f, i = f/(1<<10), i+1
	}
	return fmt.Sprintf("%.1f %cB", f, units[i])
}
