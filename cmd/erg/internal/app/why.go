package app

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"strings"

	"erg.build/erg/cmd/erg/internal/cli"
	"erg.build/erg/contexts"
	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/why"
)

// Why implements cli.App. The answer is in the trace; an evaluation that runs
// nothing adds whether a build would do it again. Where the configuration has
// errors there is still the answer.
func (App) Why(ctx context.Context, c cli.Common, o cli.WhyOptions) error {
	r := contexts.Request{Contexts: c.Contexts}
	if a, err := addr.Parse(o.Address); err == nil {
		t, ok := a.(addr.Target)
		r.Tests = ok && t.Kind == addr.BlockTest
		switch a.(type) {
		case addr.Context, addr.Element, addr.Public, addr.Target, addr.Directory, addr.Artifact:
			r.Args = []string{o.Address}
		}
	}
	// What is asked about may be gone: that is no error while the trace
	// knows it.
	var usage *cli.UsageError
	l, err := look(ctx, c, r, false)
	defer l.close()
	if l == nil {
		return err
	}
	in := why.Input{State: l.eng.State(), Values: l.ev.Values(), Planned: l.session.PlannedActions()}
	switch {
	case errors.As(err, &usage):
		in.Unavailable = usage.Text
	case ctx.Err() != nil:
		return err
	case err != nil:
		in.Unavailable = "the configuration has errors"
	}
	e, werr := why.Explain(in, o.Address, inWorkspace(l.eng.Root(), c.Path(o.Address)))
	var unknown *why.UnknownError
	switch {
	case errors.As(werr, &unknown) && (err == nil || usage != nil):
		return unknownAddress(unknown)
	case werr != nil:
		return errors.Join(err, werr)
	}
	if err := writeWhy(c, e); err != nil {
		return err
	}
	if usage != nil {
		return nil
	}
	return err
}

func writeWhy(c cli.Common, e *why.Explanation) error {
	write := func(w io.Writer) error { return e.Text(w, c.UseColor()) }
	if c.JSON {
		write = e.JSON
	}
	return write(c.Stdout)
}

func unknownAddress(e *why.UnknownError) error {
	u := &cli.UsageError{Command: "erg why", Text: "why: nothing is known of " + e.Address}
	if e.Reason != "" {
		u.Text += ": " + e.Reason
	}
	if e.Close != "" && !strings.Contains(u.Text, "Did you mean") {
		u.Hint = "Did you mean " + e.Close + "?"
	}
	return u
}

// inWorkspace returns a path relative to the workspace, or "" for one that
// lies outside.
func inWorkspace(root, name string) string {
	// The workspace may have been reached through a symbolic link.
	if dir, err := filepath.EvalSymlinks(filepath.Dir(name)); err == nil {
		name = filepath.Join(dir, filepath.Base(name))
	}
	rel, err := filepath.Rel(root, name)
	if err != nil || rel == "." || rel == ".." || strings.HasPrefix(rel, "../") {
		return ""
	}
	return filepath.ToSlash(rel)
}
