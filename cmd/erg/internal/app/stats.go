package app

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"erg.build/erg/cmd/erg/internal/cli"
	"erg.build/erg/cmd/erg/internal/show"
	"erg.build/erg/engine"
	"erg.build/erg/engine/fsys"
	"erg.build/erg/engine/stats"
	"erg.build/erg/engine/trace"
)

// Stats implements cli.App. It reads the trace and nothing else.
func (App) Stats(ctx context.Context, c cli.Common, o cli.StatsOptions) error {
	root, err := findRoot(c.Dir)
	if err != nil {
		return err
	}
	d := trace.OpenDir(fsys.OS{}, filepath.Join(root, engine.StateDir))
	defer d.Close()
	st, repaired := d.Load()
	if repaired != "" {
		fmt.Fprintf(c.Stderr, "erg: %s\n", repaired)
	}
	so := stats.Options{Top: o.Top, Goal: goalOf}
	if len(c.Contexts) > 0 {
		if err := knowContexts(st, c.Contexts); err != nil {
			return err
		}
		so.Keep = func(a *trace.Action) bool {
			return slices.ContainsFunc(c.Contexts, func(name string) bool { return isOf(a.Context, name) })
		}
	}
	r := stats.Of(st, so)
	if c.JSON {
		return r.JSON(c.Stdout)
	}
	return show.Stats(c.Stdout, r, o.Top, c.UseColor())
}

// isOf reports whether a context is the one that is meant, or one of its
// instances.
func isOf(context, name string) bool {
	return context == name || strings.HasPrefix(context, name+"@")
}

// knowContexts refuses contexts of which nothing was ever built.
func knowContexts(st *trace.State, names []string) error {
	known := map[string]bool{}
	for a := range st.Actions() {
		known[a.Context] = true
	}
	delete(known, "")
	list := slices.Sorted(maps.Keys(known))
	for _, name := range names {
		if slices.ContainsFunc(list, func(k string) bool { return isOf(k, name) }) {
			continue
		}
		u := &cli.UsageError{Command: "erg stats", Text: fmt.Sprintf("stats: nothing of context %q has been built here", name)}
		if len(list) > 0 {
			u.Hint = "There is something of " + strings.Join(list, ", ") + "."
		}
		return u
	}
	return nil
}

// goalOf words the key of a goal as a command line, without the values of
// variables, which may be sensitive.
func goalOf(key string) string {
	var g goalName
	if json.Unmarshal([]byte(key), &g) != nil {
		return key
	}
	args := g.Args
	if n := len(args); n > 0 && g.Command != "run" {
		args = args[:n-1] // whether tests are meant, which the command tells
	}
	words := append([]string{"erg", g.Command}, args...)
	for _, c := range g.Contexts {
		words = append(words, "-c", c)
	}
	for _, v := range g.Vars {
		words = append(words, "--var", v.Name+"=…")
	}
	return strings.Join(words, " ")
}
