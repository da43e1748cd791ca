package app

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"erg.build/erg/cmd/erg/internal/cli"
	"erg.build/erg/cmd/erg/internal/show"
	"erg.build/erg/contexts"
	"erg.build/erg/contexts/dune/findlib"
	"erg.build/erg/contexts/dune/placeholder"
	"erg.build/erg/contexts/dune/rules"
	"erg.build/erg/engine"
	"erg.build/erg/engine/fsys"
)

// Install implements cli.App: it builds packages, lets go of the workspace,
// and copies what they install.
func (App) Install(ctx context.Context, c cli.Common, o cli.InstallOptions) error {
	in, root, err := installation(ctx, c, o)
	if err != nil {
		return err
	}
	conf := placeholders(in, o)
	for _, f := range in.Files {
		dest := filepath.Join(o.Prefix, filepath.FromSlash(f.Dest))
		if o.DryRun {
			if _, err := fmt.Fprintln(c.Stdout, dest); err != nil {
				return err
			}
			continue
		}
		if err := installFile(filepath.Join(root, filepath.FromSlash(f.Source)), dest, f, conf); err != nil {
			return err
		}
	}
	if o.DryRun {
		return nil
	}
	_, err = fmt.Fprintf(c.Stdout, "%d files installed in %s\n", len(in.Files), o.Prefix)
	return err
}

// installation builds the packages and lists what they install.
func installation(ctx context.Context, c cli.Common, o cli.InstallOptions) (*contexts.Installation, string, error) {
	start := time.Now()
	sink, err := show.Open(show.Options{Stdout: c.Stdout, Stderr: c.Stderr, Getenv: c.Getenv, Start: start,
		Color: c.Color, JSON: c.JSON, Quiet: true, Explain: o.Explain, Timeline: o.Timeline})
	if err != nil {
		return nil, "", err
	}
	defer sink.Close()
	eng, err := open(ctx, c, sink)
	if err != nil {
		return nil, "", err
	}
	defer eng.Close()
	var in *contexts.Installation
	j := &job{command: "install", common: c, opts: o.Building, quiet: true}
	ev := newEvaluator(c)
	err = j.session(ctx, eng, ev, sink, goalKey("install", c, o.Packages), &engine.Look{}, start, func(t *engine.Task) (err error) {
		in, err = ev.Installation(t, contexts.Request{Contexts: c.Contexts}, o.Packages)
		return err
	}, func(*engine.Session) any { return nil })
	return in, eng.Root(), err
}

// placeholders says what placeholders of dune projects become in a prefix.
func placeholders(in *contexts.Installation, o cli.InstallOptions) *placeholder.Conf {
	prefix := o.Prefix
	if o.Relocatable {
		prefix = ""
	}
	return &placeholder.Conf{
		Location:  func(section, pkg string) string { return filepath.Join(prefix, rules.SectionDir(pkg, section)) },
		Stdlib:    in.Compiler,
		OCamlPath: in.Libraries, Relocatable: o.Relocatable,
	}
}

// installFile copies one file.
func installFile(from, to string, f contexts.InstallFile, conf *placeholder.Conf) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if f.Dune {
		data = conf.Substitute(data)
		if filepath.Base(to) == "dune-package" && !conf.Relocatable {
			data = findlib.Settle(data, conf.Location)
		}
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o777); err != nil {
		return err
	}
	mode := os.FileMode(0o644)
	if f.Program {
		mode = 0o755
	}
	return fsys.WriteFile(fsys.OS{}, to, data, mode)
}
