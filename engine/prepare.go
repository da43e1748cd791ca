package engine

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"erg.build/erg/engine/action"
	"erg.build/erg/engine/digest"
	"erg.build/erg/engine/event"
	"erg.build/erg/engine/fsys"
	"erg.build/erg/engine/store"
	"erg.build/erg/engine/trace"
)

// prepare finds out, for an action whose inputs are up to date, whether it
// must run: not when what is there is what it would make, not when the store
// or an equal action of this session has what it would make.
func (s *Session) prepare(n *node) (next chore) {
	if n.hot == nil {
		w := s.hotOf(n)
		s.mu.Lock()
		n.hot = w
		s.mu.Unlock()
	}
	err := s.judge(n)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.prep--
	if err != nil {
		s.fail(n, err)
	}
	s.cool(n)
	return s.pumpOn()
}

func (s *Session) judge(n *node) error {
	defer s.holdTrees(n)()
	if n.spec.Foreign != nil {
		s.refreshInputs(n)
	}
	if n.spec.Foreign != nil && n.spec.Foreign.Phony && (s.opts.Mode == Build || !s.waitsForRun(n)) {
		return s.stand(n)
	}
	if s.opts.Mode == Plan && (len(n.spec.Unknown) > 0 || s.waitsForRun(n)) {
		s.planRun(n, true)
		return nil
	}
	if s.sameInputs(n) {
		n.key = n.old.Key
		if s.unchanged(n) {
			return nil
		}
	}
	m, err := s.manifest(n)
	if err != nil {
		return err
	}
	n.key = m.Key()
	if s.unchanged(n) {
		return nil
	}
	if ok, err := s.adopt(n, m); ok || err != nil {
		return err
	}
	seen, ok, err := s.copyEqual(n, m)
	if !ok && err == nil {
		ok, err = s.reuse(n, m)
	}
	if !ok && err == nil {
		ok, err = s.reuseTree(n, m)
	}
	if ok || err != nil {
		return err
	}
	if s.opts.Mode == Plan && !n.traits.has(isProbe) {
		s.planRun(n, false)
		return nil
	}
	for !s.tryBoard(n, seen) {
		// An equal action has ended just now.
		if seen, ok, err = s.copyEqual(n, m); ok || err != nil {
			return err
		}
	}
	return nil
}

// sameInputs reports whether a node is specified as it was when it last ran,
// to the letter, and its declared inputs are what they were: then its key is
// what it was, and need not be computed.
func (s *Session) sameInputs(n *node) bool {
	old := n.old
	if old == nil || old.Key.IsZero() || old.Spec != n.identity {
		return false
	}
	for _, d := range old.Deps {
		if d.Discovered {
			continue
		}
		if got, err := s.inputOf(n, d.Path); err != nil || got.IsZero() || got != d.Digest {
			return false
		}
	}
	return true
}

func (s *Session) tryBoard(n *node, seen int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.board(n, seen)
}

// manifest computes what the declared key is made of.
func (s *Session) manifest(n *node) (action.Manifest, error) {
	var errs []error
	m := n.spec.Manifest(n.roots(), func(p string) digest.Digest {
		d, err := s.inputOf(n, p)
		if err != nil {
			errs = append(errs, err)
		} else if d.IsZero() && p != n.spec.Expect {
			errs = append(errs, &InputError{Path: p, Action: n.spec.Name})
		}
		return d
	})
	return m, errors.Join(errs...)
}

// An InputError says that a declared input is not there.
type InputError struct{ Path, Action string }

func (e *InputError) Error() string {
	return fmt.Sprintf("there is no file %s, which %s needs", e.Path, e.Action)
}

// discoveredSame reports whether inputs that were discovered have the
// digests they had.
func (s *Session) discoveredSame(n *node, deps []trace.Dep) bool {
	for _, d := range deps {
		if !d.Discovered {
			continue
		}
		got, err := s.discovered(n, d)
		if err != nil || got != d.Digest {
			return false
		}
	}
	return true
}

// discovered returns the digest that a discovered input of n has now, zero
// when it is absent.
func (s *Session) discovered(n *node, d trace.Dep) (digest.Digest, error) {
	got, err := s.discoveredContent(n, d)
	if err != nil || d.Digest.IsZero() {
		return got, err
	}
	return s.dated(n, d.Path, got)
}

func (s *Session) discoveredContent(n *node, d trace.Dep) (digest.Digest, error) {
	out := s.isOutput(d.Path)
	if out && n.spec.Foreign != nil {
		return s.foreignDiscovered(d.Path)
	}
	if out && !n.mayRead(d.Path) {
		// Whether it lies there or not, it is none of this action's inputs.
		return digest.Digest{}, nil
	}
	if d.Digest.IsZero() && !out {
		// It was looked for and not there: that is all that matters.
		f, err := s.leaf(d.Path, trace.Presence)
		if err != nil || f.Stamp.Absent() {
			return digest.Digest{}, err
		}
		return digest.OfString("present"), nil
	}
	return s.inputDigest(d.Path)
}

// unchanged reports whether the record of the last run holds and its
// outputs are there, and if so ends the node.
func (s *Session) unchanged(n *node) bool {
	old := n.old
	if old == nil || old.Key.IsZero() || old.Key != n.key || len(old.Outs) != len(n.spec.Outputs) ||
		s.opts.Rerun && isTest(n.spec) || !s.discoveredSame(n, old.Deps) || s.elsewhere(n, old.Deps) {
		return false
	}
	if n.spec.Foreign != nil {
		if !s.stillThere(n) {
			return false
		}
		old = n.old
	}
	for i, o := range old.Outs {
		if o.Path != n.spec.Outputs[i] {
			return false
		}
		if n.spec.Foreign != nil {
			continue
		}
		f, err := s.leaf(o.Path, trace.Content)
		if err != nil || f.Digest != effective(o.Digest, o.Exec) {
			s.forget(o.Path)
			return false
		}
	}
	if old.Spec != n.identity {
		// Another name, a wider search path, equal files of another context:
		// same key, same result.
		fresh := *old
		fresh.Deps = s.declaredDeps(n)
		for _, d := range old.Deps {
			if d.Discovered {
				fresh.Deps = append(fresh.Deps, d)
			}
		}
		fresh.Name, fresh.Context, fresh.Target, fresh.Spec = n.spec.Name, n.spec.Context, n.spec.Target, n.identity
		if n.secret {
			fresh.Recipe = nil
		} else {
			fresh.Recipe = n.spec
		}
		s.keep(&fresh)
	}
	if s.eng.lock.unclean && n.spec.Depfile != "" && n.spec.Foreign == nil {
		s.eng.fs.Remove(s.eng.abs(n.spec.Depfile)) // a killed compiler's, which made the same once more
	}
	s.useTree(n)
	s.mu.Lock()
	defer s.mu.Unlock()
	n.noteKept(old)
	n.outs = old.Outs
	g := s.join(n, old.Full, event.Unchanged)
	n.stirred = s.stirs(n, old.Deps)
	g.spare(old.Took, n.stirred)
	if len(old.Message) > 0 {
		s.finish(n, g, event.ActionFinished{Output: old.Message})
	}
	s.settle(n, done)
	return true
}

// isTest reports whether an action is run for its verdict: what it prints is
// all that it makes.
func isTest(s *action.Spec) bool {
	return s.Local && len(s.Outputs) == 1 && s.Stdout == s.Outputs[0]
}

// keep puts a record into the trace.
func (s *Session) keep(a *trace.Action) {
	s.stateMu.Lock()
	s.eng.state.SetAction(a)
	s.stateMu.Unlock()
	s.dirty.Store(true)
}

// reuse looks for a result in the store.
func (s *Session) reuse(n *node, m action.Manifest) (bool, error) {
	if n.spec.Local || s.eng.store == nil {
		return false, nil
	}
	for _, e := range s.eng.store.Lookup(n.key) {
		if len(e.Outs) != len(n.spec.Outputs) || e.Location != "" && e.Location != s.location(n) {
			continue
		}
		deps, ok := s.realDeps(n, e.Deps)
		if !ok || !s.discoveredSame(n, deps) || !s.eng.store.Has(e) {
			continue
		}
		outs, err := entryOuts(n, e)
		if err != nil {
			continue
		}
		if s.opts.Mode == Plan && !n.traits.has(isProbe) {
			s.planRestore(n, outs, nil)
			return true, nil
		}
		if s.restore(n, outs) != nil {
			continue // damaged or gone; where the disk is at fault, running will tell
		}
		rec := s.newRecord(n, m, deps, outs, []byte(n.roots().Replay(e.Message)))
		rec.Took, rec.Peak = e.Took, e.Peak
		s.concludeReuse(n, rec, event.Restored)
		return true, nil
	}
	return false, nil
}

// location names the place of an action, for results that depend on it.
func (s *Session) location(n *node) string { return filepath.Join(s.eng.opts.Root, n.spec.Root) }

// realDeps translates discovered inputs from canonical spelling.
func (s *Session) realDeps(n *node, deps []store.Dep) ([]trace.Dep, bool) {
	out := make([]trace.Dep, 0, len(deps))
	for _, d := range deps {
		p := n.roots().Real(d.Path)
		if p == "" {
			return nil, false
		}
		out = append(out, trace.Dep{Path: p, Digest: d.Digest, Discovered: true})
	}
	return out, true
}

func entryOuts(n *node, e store.Entry) ([]trace.Out, error) {
	outs := make([]trace.Out, len(e.Outs))
	for i, o := range e.Outs {
		d, err := digest.Parse(o.Digest)
		if err != nil {
			return nil, err
		}
		outs[i] = trace.Out{Path: n.spec.Outputs[i], Digest: d, Size: o.Size, Exec: o.Exec}
	}
	return outs, nil
}

// restore brings outputs back from the store.
func (s *Session) restore(n *node, outs []trace.Out) error {
	for _, o := range outs {
		to := s.eng.abs(o.Path)
		if err := s.eng.makeDir(filepath.Dir(to)); err != nil {
			return err
		}
		if err := s.eng.clearPlace(to); err != nil {
			return err
		}
		if err := s.eng.store.Restore(o.Digest, s.scratch(), to, o.Exec); err != nil {
			return err
		}
	}
	return nil
}

// clearPlace removes a directory that is in the place of an output: a file
// is replaced by renaming, a directory is not.
func (e *Engine) clearPlace(name string) error {
	if fi, err := e.fs.Lstat(name); err == nil && fi.IsDir() {
		return e.fs.RemoveAll(name)
	}
	return nil
}

// copyEqual takes the outputs of an action that has the same declared key and
// discovered the same inputs, under its own names. It returns how many such
// actions of this session it looked at.
func (s *Session) copyEqual(n *node, m action.Manifest) (seen int, ok bool, err error) {
	if n.traits.has(isAlone) {
		return 0, false, nil
	}
	s.mu.Lock()
	var from []*node
	if f := s.flights[n.key]; f != nil {
		from = slices.Clone(f.made)
	}
	seen = len(from)
	// The store may be off, or have lost what it had: it must not matter whether
	// the action that has the result was looked at before this one.
	from = append(from, s.lastMade[n.key]...)
	s.mu.Unlock()
	for _, eq := range from {
		if s.copyFrom(n, eq, m) {
			return seen, true, nil
		}
	}
	return seen, false, nil
}

func (s *Session) copyFrom(n, from *node, m action.Manifest) bool {
	s.stateMu.Lock()
	rec := s.eng.state.Action(from.id())
	s.stateMu.Unlock()
	if from == n || rec == nil || rec.Key != n.key || rec.Baked || rec.Failed || len(rec.Outs) != len(n.spec.Outputs) {
		return false
	}
	var deps []trace.Dep
	for _, d := range rec.Deps {
		if d.Discovered {
			p := n.roots().Real(from.roots().Canonical(d.Path))
			if p == "" {
				return false
			}
			deps = append(deps, trace.Dep{Path: p, Digest: d.Digest, Discovered: true})
		}
	}
	if !s.discoveredSame(n, deps) {
		return false
	}
	outs := slices.Clone(rec.Outs)
	for i := range outs {
		outs[i].Path = n.spec.Outputs[i]
	}
	if s.opts.Mode == Plan && !n.traits.has(isProbe) {
		for _, o := range rec.Outs {
			if f, err := s.leaf(o.Path, trace.Content); err != nil || f.Digest != effective(o.Digest, o.Exec) {
				return false
			}
		}
		s.planRestore(n, outs, rec.Outs)
		return true
	}
	if err := s.copyOuts(rec.Outs, outs); err != nil {
		return false // changed or gone meanwhile: the store or a run will do
	}
	text := n.roots().Replay(from.roots().Template(string(rec.Message)))
	fresh := s.newRecord(n, m, deps, outs, []byte(text))
	fresh.Took, fresh.Peak = rec.Took, rec.Peak
	s.concludeReuse(n, fresh, event.Restored)
	return true
}

func (s *Session) copyOuts(from, outs []trace.Out) error {
	for i, o := range outs {
		to := s.eng.abs(o.Path)
		if err := s.eng.makeDir(filepath.Dir(to)); err != nil {
			return err
		}
		if err := s.eng.clearPlace(to); err != nil {
			return err
		}
		src, err := s.eng.fs.Open(s.eng.abs(from[i].Path))
		if err != nil {
			return err
		}
		err = store.Copy(s.eng.fs, src, s.scratch(), to, o.Digest, o.Exec)
		src.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

// sideFiles leaves beside outputs that were copied into place what a run would
// have left, and nothing else.
func (s *Session) sideFiles(n *node, rec *trace.Action) error {
	f := n.spec.Foreign
	if f != nil && f.Rspfile != "" && s.opts.KeepRsp {
		if err := s.writeRsp(f); err != nil {
			return err
		}
	}
	if n.spec.Depfile == "" {
		return nil
	}
	name := s.eng.abs(n.spec.Depfile)
	if f == nil || !s.keepsDepfile(n) {
		s.eng.fs.Remove(name) // a killed compiler's
		return nil
	}
	var found []string
	for _, d := range rec.Deps {
		if d.Discovered {
			found = append(found, d.Path)
		}
	}
	if err := s.eng.fs.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		return err
	}
	return fsys.WriteFile(s.eng.fs, name, action.FormatDepfile(n.id(), found), 0o666)
}

// concludeReuse ends a node whose outputs were copied into place.
func (s *Session) concludeReuse(n *node, rec *trace.Action, st event.Status) {
	err := s.sideFiles(n, rec)
	if err == nil {
		err = s.stampOuts(rec.Outs)
	}
	if err != nil {
		s.mu.Lock()
		s.fail(n, err)
		s.mu.Unlock()
		return
	}
	s.keep(rec)
	s.log(rec)
	s.useTree(n)
	s.mu.Lock()
	defer s.mu.Unlock()
	n.noteKept(rec)
	n.outs = rec.Outs
	g := s.join(n, rec.Full, st)
	n.stirred = true
	g.spare(rec.Took, true)
	if st == event.Restored || len(rec.Message) > 0 {
		s.finish(n, g, event.ActionFinished{Output: rec.Message, Why: reasons(rec)})
	}
	s.settle(n, done)
}
