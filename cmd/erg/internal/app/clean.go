package app

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"erg.build/erg/cmd/erg/internal/cli"
	"erg.build/erg/contexts/addr"
	"erg.build/erg/engine"
	"erg.build/erg/engine/action"
	"erg.build/erg/engine/event"
)

// Clean implements cli.App: it removes _build, or the directories of some
// contexts. The store keeps its results, so that building again is quick.
func (App) Clean(ctx context.Context, c cli.Common, o cli.CleanOptions) error {
	eng, err := open(ctx, c, event.SinkFunc(func(event.Event) {}))
	if err != nil {
		return err
	}
	defer eng.Close()
	paths, err := cleanPaths(eng, c.Contexts)
	if err != nil {
		return err
	}
	var copies []string
	if len(c.Contexts) == 0 {
		if copies, err = copiesToClean(eng.Root()); err != nil {
			return err
		}
	}
	if o.DryRun {
		paths = append(paths, copies...)
		for _, p := range paths {
			if _, err := fmt.Fprintln(c.Stdout, "would remove "+p); err != nil {
				return err
			}
		}
		return nil
	}
	if len(c.Contexts) == 0 {
		if err := removeCopies(eng.Root()); err != nil {
			return err
		}
		return eng.Clean(nil)
	}
	if len(paths) == 0 {
		return nil // none of them was built: an empty list would mean all
	}
	return eng.Clean(paths)
}

// cleanPaths lists what there is to remove.
func cleanPaths(eng *engine.Engine, contexts []string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Join(eng.Root(), action.BuildDir))
	if err != nil {
		return nil, err
	}
	var want []addr.Context
	for _, n := range contexts {
		c, err := addr.ParseContext(n)
		if err != nil {
			return nil, &cli.UsageError{Command: "erg clean", Text: err.Error()}
		}
		want = append(want, c)
	}
	var paths []string
	for _, e := range entries {
		name, key, _ := strings.Cut(e.Name(), "@")
		keep := len(want) > 0
		for _, c := range want {
			keep = keep && !(c.Name == name && (c.Key == "" || c.IsAll() || c.Key == key))
		}
		if !keep && action.BuildDir+"/"+e.Name() != engine.StateDir {
			paths = append(paths, action.BuildDir+"/"+e.Name())
		}
	}
	return paths, nil
}
