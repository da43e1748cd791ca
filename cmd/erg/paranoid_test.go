package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"erg.build/erg/cmd/erg/internal/app"
	"erg.build/erg/cmd/erg/internal/cli"
	"erg.build/erg/contexts/dune/act/perform"
	"erg.build/erg/engine"
	"erg.build/erg/engine/fsys"
	"erg.build/erg/engine/sandbox"
	"erg.build/erg/engine/trace"
	"erg.build/erg/toolchain/source/download"
	"erg.build/erg/toolchain/source/helper"
)

// Scripts have this program only, and it is erg-fetch, too.
func init() { helper.Download = download.Get }

// paranoidMain is main for scripts: an erg that does not believe its own trace.
func paranoidMain() {
	sandbox.Main()
	helper.Main()
	perform.Main()
	os.Exit(cli.Main(cli.Deps{App: paranoid{}}, os.Args[1:]))
}

// paranoid is the App that evaluates, after each build that went well, all
// that was asked for, whatever the trace says: if the trace says that there is
// nothing to do, there must be nothing to do. So each script that edits
// something and builds tests whether an edit that was built from the trace
// alone reached all that it had to.
type paranoid struct{ app.App }

// Build implements cli.App.
func (p paranoid) Build(ctx context.Context, c cli.Common, o cli.BuildOptions) error {
	if err := p.App.Build(ctx, c, o); err != nil {
		return err
	}
	root := workspaceOf(c.Dir)
	state := filepath.Join(root, engine.StateDir)
	mine := func(key goalName) bool {
		args := append(slices.Clone(o.Targets), "false")
		return key.Command == "build" && slices.Equal(key.Args, args) && slices.Equal(key.Contexts, c.Contexts) && slices.Equal(key.Vars, c.Vars)
	}
	if !saysNull(engine.Options{Root: root}, state, c.Getenv, mine) {
		return nil
	}
	defer restoreTrace(state)()
	var out, diag bytes.Buffer
	c.JSON, c.Stdout, c.Stderr = true, &out, &diag
	if err := p.App.Plan(ctx, c, cli.PlanOptions{Targets: o.Targets}); err != nil {
		return fmt.Errorf("paranoid: there is nothing to do, and yet there is no plan: %w\n%s", err, &diag)
	}
	type part struct {
		Context string
		Actions []struct{ Action, Verdict string }
	}
	var plan struct {
		Sources  part
		Contexts []part
		Deferred []struct{ What string }
	}
	if err := json.Unmarshal(out.Bytes(), &plan); err != nil {
		return err
	}
	for _, c := range append(plan.Contexts, plan.Sources) {
		for _, a := range c.Actions {
			if a.Verdict != "unchanged" {
				return fmt.Errorf("paranoid: there is nothing to do, and yet %q (%s) is planned to %s", a.Action, c.Context, a.Verdict)
			}
		}
	}
	if len(plan.Deferred) > 0 {
		return fmt.Errorf("paranoid: there is nothing to do, and yet %s cannot be planned", plan.Deferred[0].What)
	}
	return nil
}

// Ninja implements cli.App.
func (p paranoid) Ninja(ctx context.Context, c cli.Common, args []string) error {
	if err := p.App.Ninja(ctx, c, args); err != nil {
		return err
	}
	dir, file, targets, builds := ninjaArgs(args)
	dir, err := filepath.Abs(dir)
	if err != nil || !builds {
		return err
	}
	mine := func(key goalName) bool {
		return key.Command == "ninja" && key.File == file && slices.Equal(key.Targets, targets)
	}
	if !slices.ContainsFunc(statesBelow(dir), func(state string) bool {
		return saysNull(engine.Options{Root: dir, InPlace: true}, state, c.Getenv, mine)
	}) {
		return nil
	}
	var out, diag bytes.Buffer
	c.Stdout, c.Stderr = &out, &diag
	args = append([]string{"-n"}, slices.DeleteFunc(slices.Clone(args), func(a string) bool { return a == "--quiet" })...)
	if err := p.App.Ninja(ctx, c, args); err != nil || !strings.Contains(out.String(), "no work to do") {
		return fmt.Errorf("paranoid: there is nothing to do, and yet the plan is: %v\n%s%s", err, &out, &diag)
	}
	return nil
}

// ninjaArgs takes apart what Ninja's command line says of what to build.
func ninjaArgs(args []string) (dir, file string, targets []string, builds bool) {
	dir, file, builds = ".", "build.ninja", true
	for i := 0; i < len(args); i++ {
		a := args[i]
		if len(a) < 2 || a[0] != '-' {
			targets = append(targets, a)
			continue
		}
		if strings.HasPrefix(a, "--") || !strings.Contains("Cfdwjkl", a[1:2]) {
			builds = builds && (a == "-v" || a == "--verbose" || a == "--quiet")
			continue
		}
		value := a[2:]
		if value == "" && i+1 < len(args) {
			i++
			value = args[i]
		}
		switch a[1] {
		case 'C':
			dir = value
		case 'f':
			file = value
		}
	}
	return dir, file, targets, builds
}

// workspaceOf finds the workspace that a directory belongs to, as far as
// scripts have workspaces: by the state of the build that was.
func workspaceOf(dir string) string {
	for d := dir; ; d = filepath.Dir(d) {
		if _, err := os.Stat(filepath.Join(d, engine.StateDir)); err == nil || d == filepath.Dir(d) {
			return d
		}
	}
}

func statesBelow(dir string) (states []string) {
	filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && d.Name() == ".erg" {
			states = append(states, name)
			return fs.SkipDir
		}
		return nil
	})
	return states
}

// A goalName is what a goal's key says.
type goalName struct {
	Command, File string
	Args, Targets []string
	Contexts      []string
	Vars          []cli.Var
}

// saysNull reports whether a trace says that there is nothing to do for the
// last goal that was completed, if that is the one.
func saysNull(o engine.Options, state string, getenv func(string) string, mine func(goalName) bool) bool {
	d := trace.OpenDir(fsys.OS{}, state)
	st, _ := d.Load()
	var last *trace.Goal
	for _, g := range st.Goals() {
		if last == nil || g.Complete > last.Complete {
			last = g
		}
	}
	if last == nil {
		d.Close()
		return false
	}
	key, id := strings.Clone(last.Key), strings.Clone(st.BuildID)
	d.Close()
	var name goalName
	if json.Unmarshal([]byte(key), &name) != nil || !mine(name) {
		return false
	}
	o.StateDir, o.BuildID, o.Env = state, id, getenv
	eng, err := engine.Open(context.Background(), o)
	if err != nil {
		return false
	}
	defer eng.Close()
	return eng.Look(key).Null != nil
}

// restoreTrace keeps a copy of a trace and returns what puts it back.
func restoreTrace(state string) func() {
	kept := map[string][]byte{}
	for _, n := range []string{"trace", "trace.log"} {
		b, err := os.ReadFile(filepath.Join(state, n))
		if err == nil {
			kept[n] = b
		} else if !errors.Is(err, fs.ErrNotExist) {
			panic(err)
		}
	}
	return func() {
		for _, n := range []string{"trace", "trace.log"} {
			name := filepath.Join(state, n)
			os.Remove(name)
			if b, ok := kept[n]; ok {
				if err := os.WriteFile(name, b, 0o666); err != nil {
					panic(err)
				}
			}
		}
	}
}
