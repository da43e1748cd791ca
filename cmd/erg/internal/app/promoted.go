package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"erg.build/erg/contexts/dune/rules"
	"erg.build/erg/engine"
	"erg.build/erg/engine/digest"
	"erg.build/erg/engine/event"
	"erg.build/erg/engine/fsys"
)

// This file copies what rules make among the sources, for rules that say so.

// untilClean, in the state directory, lists the copies that erg clean removes,
// with what they held: one that a person has changed since is kept.
const untilClean = "until-clean.json"

// madeOf lists what a session has brought up to date of what is to be copied.
func madeOf(s *engine.Session, all []rules.Promotion) []rules.Promotion {
	var made []rules.Promotion
	for _, p := range all {
		if f := s.Fate(p.Output).Status; f != "" && f != event.Failed {
			made = append(made, p)
		}
	}
	sort.Slice(made, func(i, j int) bool { return made[i].Source < made[j].Source })
	return slices.CompactFunc(made, func(a, b rules.Promotion) bool { return a.Source == b.Source && a.Output == b.Output })
}

// copyAmongSources copies what differs, and returns what it has copied.
func copyAmongSources(root string, list []rules.Promotion) (copied []string, err error) {
	by := map[string]rules.Promotion{}
	kept, err := readUntilClean(root)
	if err != nil {
		return nil, err
	}
	before := maps.Clone(kept)
	for _, p := range list {
		if first, ok := by[p.Source]; ok {
			return copied, fmt.Errorf("%s and %s are both to be promoted to %s", first.Target, p.Target, p.Source)
		}
		by[p.Source] = p
		var state string
		var differs bool
		if p.Source == p.Dir {
			state = keptDir
			differs, err = prune(root, p)
		} else {
			state, differs, err = copyOne(root, p)
		}
		if err != nil {
			return copied, fmt.Errorf("cannot promote what %s makes: %w", p.Target, err)
		}
		if differs {
			copied = append(copied, p.Source)
		}
		if p.UntilClean {
			kept[p.Source] = state
		} else {
			delete(kept, p.Source)
		}
	}
	if maps.Equal(before, kept) {
		return copied, nil
	}
	return copied, writeUntilClean(root, kept)
}

// copyOne copies an output to its source, whole or not at all, and returns the
// digest of what it holds.
func copyOne(root string, p rules.Promotion) (sum string, differs bool, err error) {
	from, to := filepath.Join(root, p.Output), filepath.Join(root, p.Source)
	text, err := os.ReadFile(from)
	if err != nil {
		return "", false, err
	}
	sum = digest.Of(text).String()
	info, err := os.Stat(from)
	if err != nil {
		return "", false, err
	}
	if p.Dir != "" {
		if err := makeWay(filepath.Join(root, p.Dir), to); err != nil {
			return "", false, err
		}
	}
	perm := fs.FileMode(0o666)
	if info.Mode()&0o100 != 0 {
		perm = 0o777
	}
	old, err := os.ReadFile(to)
	switch {
	case err == nil && bytes.Equal(old, text):
		return sum, false, nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return sum, false, err
	}
	if _, err := os.Stat(filepath.Dir(to)); err != nil {
		return sum, false, err
	}
	return sum, true, fsys.WriteFile(fsys.OS{}, to, text, perm)
}

func readUntilClean(root string) (map[string]string, error) {
	kept := map[string]string{}
	b, err := os.ReadFile(filepath.Join(root, engine.StateDir, untilClean))
	if errors.Is(err, fs.ErrNotExist) {
		return kept, nil
	}
	if err != nil {
		return nil, err
	}
	if json.Unmarshal(b, &kept) != nil {
		return map[string]string{}, nil // damaged: then it is for people to remove copies
	}
	return kept, nil
}

func writeUntilClean(root string, kept map[string]string) error {
	name := filepath.Join(root, engine.StateDir, untilClean)
	if len(kept) == 0 {
		return os.Remove(name)
	}
	b, err := json.Marshal(kept)
	if err != nil {
		return err
	}
	return fsys.WriteFile(fsys.OS{}, name, b, 0o666)
}

// copiesToClean lists the copies that cleaning removes.
func copiesToClean(root string) ([]string, error) {
	kept, err := readUntilClean(root)
	if err != nil {
		return nil, err
	}
	var list []string
	for _, p := range slices.Sorted(maps.Keys(kept)) {
		if kept[p] == keptDir {
			continue // it goes when nothing is left in it
		}
		// What a file says is not to be trusted with the person's other files.
		if b, err := os.ReadFile(filepath.Join(root, p)); err == nil && filepath.IsLocal(p) && digest.Of(b).String() == kept[p] {
			list = append(list, p)
		}
	}
	return list, nil
}

// removeCopies removes the copies that are there until erg clean.
func removeCopies(root string) error {
	list, err := copiesToClean(root)
	if err != nil {
		return err
	}
	for _, p := range list {
		if err := os.Remove(filepath.Join(root, p)); err != nil {
			return err
		}
	}
	if err := removeEmptied(root); err != nil {
		return err
	}
	if err := writeUntilClean(root, nil); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// promote copies what a goal makes among the sources, and says so.
func (j *job) promote(eng *engine.Engine, sink event.Sink) ([]string, error) {
	copied, err := copyAmongSources(eng.Root(), j.promoted)
	if len(copied) > 0 {
		sink.Event(event.Message{Level: event.Info, Text: "promoted " + enumerated(copied)})
	}
	return copied, err
}

// enumerated names the first of some files.
func enumerated(names []string) string {
	const most = 4
	if n := len(names); n > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most-1], ", "), n-most+1)
	}
	return strings.Join(names, ", ")
}

// settleRounds bounds how often copies may lead to others.
const settleRounds = 8

// settle evaluates a goal once more after files were copied among its
// sources, so that the trace knows the tree as it is now. Mostly there is
// nothing to do then. Where a copy is read by others, they are made again,
// and may be copied in their turn.
func (j *job) settle(ctx context.Context, eng *engine.Engine, sink event.Sink, o engine.SessionOptions, text []byte) error {
	o.Rerun = false
	o.Sink = event.SinkFunc(func(e event.Event) {
		if e, ok := e.(event.ActionFinished); ok && e.Status == event.Failed {
			sink.Event(e)
		}
	})
	for range settleRounds {
		ev := newEvaluator(j.common)
		o.BeforeRun = func() bool { return j.common.KeepGoing || !ev.HasErrors() }
		s := eng.NewSession(ctx, o)
		err := s.Eval(func(t *engine.Task) error {
			_, err := ev.Make(t, j.request)
			return err
		})
		ok := err == nil && !ev.HasErrors() && s.Result().Failed == 0 && ctx.Err() == nil
		j.promoted = madeOf(s, ev.Promotions())
		var copied []string
		if ok {
			if copied, err = j.promote(eng, sink); err != nil {
				s.Finish(false, text)
				return err
			}
		}
		if err := s.Finish(ok, text); err != nil || !ok || len(copied) == 0 {
			return err
		}
	}
	return fmt.Errorf("what is promoted changes what is promoted: %s", j.promoted[0].Source)
}
