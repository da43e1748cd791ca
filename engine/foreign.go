package engine

import (
	"errors"
	"io"
	"io/fs"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"

	"erg.build/erg/engine/action"
	"erg.build/erg/engine/digest"
	"erg.build/erg/engine/event"
	"erg.build/erg/engine/trace"
)

// This file judges foreign actions (see action.Foreign), and has what an
// engine does differently whose outputs may lie anywhere.

// isOutput reports whether a path is that of an output: the path tells, but
// for what foreign actions make and for what lies around them.
func (s *Session) isOutput(p string) bool {
	if !s.eng.opts.InPlace && !s.foreign.Load() {
		return action.IsOutput(p)
	}
	s.mu.Lock()
	out := s.isOutputHeld(p)
	s.mu.Unlock()
	if out {
		return true
	}
	rec, _ := s.recordedOutput(p)
	return rec != nil
}

// isOutputHeld is isOutput for a caller that holds mu.
func (s *Session) isOutputHeld(p string) bool {
	return s.outputs[p].n != nil || !s.eng.opts.InPlace && action.IsOutput(p) && !s.inForeignDir(p)
}

// inForeignDir reports whether a path lies where foreign actions run. The
// caller holds mu.
func (s *Session) inForeignDir(p string) bool {
	for d := path.Dir(p); len(s.foreignDirs) > 0 && len(d) > len(action.BuildDir); d = path.Dir(d) {
		if s.foreignDirs[d] {
			return true
		}
	}
	return false
}

// enterForeign notes a foreign node. The caller holds mu.
func (s *Session) enterForeign(n *node) {
	s.foreign.Store(true)
	if n.hot == nil {
		return // lazy ones are not beside erg's own
	}
	if d := n.spec.Dir; action.IsOutput(d) && !s.foreignDirs[d] {
		if s.foreignDirs == nil {
			s.foreignDirs = map[string]bool{}
		}
		s.foreignDirs[d] = true
	}
}

// behindPhony replaces phony nodes among inputs by what they stand for. The
// caller holds mu.
func (s *Session) behindPhony(inputs []string) []string {
	if s.eng.opts.InPlace || !s.foreign.Load() {
		return inputs
	}
	var out []string
	seen := map[string]bool{}
	var add func(paths []string)
	add = func(paths []string) {
		for _, p := range paths {
			switch n := s.outputs[p].n; {
			case seen[p]:
			case n != nil && n.traits.has(isPhony):
				seen[p] = true
				s.heat(n)
				add(n.spec.Inputs)
				add(n.spec.Order)
			default:
				seen[p] = true
				out = append(out, p)
			}
		}
	}
	add(inputs)
	return out
}

// directoryDigest is that of a directory which is an output: what is in it does
// not count.
var directoryDigest = digest.OfString("directory")

// refresh makes the session look again at a file in the workspace that was
// examined before some process ended: foreign actions make files that they
// do not declare.
func (s *Session) refresh(p string) {
	if path.IsAbs(p) || strings.HasPrefix(p, "../") {
		return
	}
	k := trace.FileKey{Path: p, Kind: trace.Content}
	r, epoch := s.row(k), uint32(s.epoch.Load())
	s.leafMu.Lock()
	l := *s.leaves.at(r)
	s.leafMu.Unlock()
	if !l.known || l.epoch == epoch {
		return
	}
	f, _ := s.examine(k, true)
	now, err := s.eng.stat(p)
	same := err == nil && f != nil && !f.Racy && f.Stamp == now
	s.leafMu.Lock()
	defer s.leafMu.Unlock()
	if at := s.leaves.at(r); same {
		at.epoch = epoch
	} else if *at == l {
		at.known = false
		s.stateMu.Lock()
		m, ok := s.eng.state.Row(trace.FileKey{Path: p, Kind: trace.Mtime})
		s.stateMu.Unlock()
		if ok {
			s.leaves.at(m).known = false
		}
	}
}

// refreshInputs looks again at the sources of a foreign node that is about to
// be judged.
func (s *Session) refreshInputs(n *node) {
	if s.epoch.Load() == 0 {
		return
	}
	for _, p := range n.spec.Inputs {
		if !s.isOutput(p) {
			s.refresh(p)
		}
	}
}

// lookAtDir examines a directory that is used as a file: what counts are the
// names in it.
func (s *Session) lookAtDir(f, old *trace.File) error {
	entries, err := s.eng.list(f.Path, false)
	if err != nil {
		return err
	}
	f.Digest = digest.OfString("directory\n" + listingText(entries))
	if old == nil || old.Digest != f.Digest || old.Stamp != f.Stamp {
		s.record(f, old)
	}
	return nil
}

// foreignDiscovered returns the digest of an output that an action was seen
// to read without having declared it. Where nobody demanded its producer, what
// lies there counts.
func (s *Session) foreignDiscovered(p string) (digest.Digest, error) {
	s.mu.Lock()
	d, ok := s.outputs[p].digest()
	s.mu.Unlock()
	if ok {
		return d, nil
	}
	if rec, i := s.recordedOutput(p); rec != nil {
		return s.recordedDigest(rec, i)
	}
	f, err := s.leaf(p, trace.Content)
	if err != nil {
		return digest.Digest{}, err
	}
	return f.Digest, nil
}

// stand ends a phony node: what it stands for is up to date.
func (s *Session) stand(n *node) error {
	if s.opts.Mode == Build && (n.old == nil || n.old.Spec != n.identity) {
		s.keep(phonyRecord(n))
	}
	outs := make([]trace.Out, len(n.spec.Outputs))
	volatile := false
	if len(n.spec.Inputs)+len(n.spec.Order) == 0 {
		for i, p := range n.spec.Outputs {
			f, err := s.leaf(p, trace.Content)
			if err != nil {
				return err
			}
			outs[i] = trace.Out{Path: p, Mark: f.Digest}
			if f.Stamp.Absent() {
				volatile = true
				outs[i].Mark = s.unique(p)
			}
		}
	} else {
		d, err := s.standsFor(n.spec)
		if err != nil {
			return err
		}
		volatile = slices.ContainsFunc(n.spec.Inputs, func(p string) bool {
			in := s.producer(p)
			return in != nil && in.volatile
		})
		for i, p := range n.spec.Outputs {
			outs[i] = trace.Out{Path: p, Mark: d}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	n.stirred = n.stirred && slices.ContainsFunc(n.spec.Inputs, s.isStirred)
	n.outs, n.volatile, n.kept = outs, volatile, true
	s.end(n, done)
	return nil
}

// phonyRecord says that there is a phony action. It has no digests: what it
// stands for tells them.
func phonyRecord(n *node) *trace.Action {
	rec := &trace.Action{Name: n.spec.Name, Spec: n.identity, Recipe: n.spec}
	for _, p := range n.spec.Outputs {
		rec.Outs = append(rec.Outs, trace.Out{Path: p})
	}
	for _, p := range n.spec.Inputs {
		rec.Deps = append(rec.Deps, trace.Dep{Path: p})
	}
	return rec
}

// standsFor returns the digest of what a phony action stands for that has
// inputs.
func (s *Session) standsFor(spec *action.Spec) (digest.Digest, error) {
	h := digest.New()
	for _, p := range spec.Inputs {
		d, err := s.inputDigest(p)
		if err != nil {
			return digest.Digest{}, err
		}
		if d.IsZero() {
			return digest.Digest{}, &InputError{Path: p, Action: spec.Name}
		}
		h.Write(d[:])
	}
	return digest.Sum(h), nil
}

// unique returns a digest that no other session comes upon.
func (s *Session) unique(p string) digest.Digest {
	return digest.OfString(p + "\x00" + strconv.Itoa(int(s.rev)) + "\x00" + s.began.String())
}

// stillThere reports whether the outputs of a foreign node, whose record
// holds, are there. An output that somebody modified since is not made again:
// who does that to another system's outputs means it. Its consumers see it.
func (s *Session) stillThere(n *node) bool {
	old := n.old
	var outs []trace.Out
	for i, o := range old.Outs {
		if o.Path != n.spec.Outputs[i] {
			return false
		}
		f, err := s.leaf(o.Path, trace.Content)
		if err != nil {
			return false
		}
		if f.Stamp.Absent() {
			s.forget(o.Path)
			return false
		}
		if f.Digest == effective(o.Digest, o.Exec) || isDir(f.Stamp) && o.Digest == directoryDigest {
			continue
		}
		now, _, err := s.eng.hashForeign(o.Path)
		if err != nil {
			return false
		}
		if outs == nil {
			outs = slices.Clone(old.Outs)
		}
		outs[i] = now
		if s.eng.hollow(now) {
			outs[i].Mark = old.Full
		}
	}
	if outs != nil {
		fresh := *old
		fresh.Outs = outs
		n.old = &fresh
		s.keep(&fresh)
	}
	return true
}

// adopt takes what a generator made without erg as its result, if that is
// newer than what it reads: people run generators by hand.
func (s *Session) adopt(n *node, m action.Manifest) (bool, error) {
	if n.spec.Foreign == nil || !n.spec.Foreign.Generator || n.old != nil && n.old.Failed {
		return false, nil
	}
	oldest := int64(math.MaxInt64)
	var outs []trace.Out
	var stamps []trace.Stamp
	for _, p := range n.spec.Outputs {
		out, st, err := s.eng.hashForeign(p)
		if errors.Is(err, fs.ErrNotExist) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		oldest = min(oldest, st.Mtime)
		outs, stamps = append(outs, out), append(stamps, st)
	}
	inputs := slices.Clone(n.spec.Inputs)
	var found []trace.Dep
	if n.old != nil {
		for _, d := range n.old.Deps {
			if d.Discovered {
				inputs = append(inputs, d.Path)
				now, err := s.discovered(n, d)
				if err != nil {
					return false, nil
				}
				found = append(found, trace.Dep{Path: d.Path, Digest: now, Discovered: true})
			}
		}
	} else if n.spec.Depfile != "" {
		return false, nil // what it read is not known
	}
	for _, p := range inputs {
		st, err := s.eng.stat(p)
		if err != nil || st.Absent() || st.Mtime > oldest {
			return false, nil
		}
	}
	if s.opts.Mode == Build {
		for i, o := range outs {
			s.stampOut(o, stamps[i])
		}
	}
	rec := s.newRecord(n, m, found, outs, nil)
	rec.Baked = true
	s.keep(rec)
	s.mu.Lock()
	defer s.mu.Unlock()
	n.noteKept(rec)
	n.outs = rec.Outs
	s.join(n, rec.Full, event.Unchanged)
	s.settle(n, done)
	return true, nil
}

// notMade returns an output that the last run of a foreign node, though it
// ended well, did not make; "" if it made all.
func (n *node) notMade() string {
	if n.spec.Foreign == nil || n.old.Failed {
		return ""
	}
	for _, o := range n.old.Outs {
		if o.Digest.IsZero() {
			return o.Path
		}
	}
	return ""
}

// markHollow gives outputs that do not hold what they stand for the key of
// their producer for a digest.
func (e *Engine) markHollow(rec *trace.Action) {
	for i := range rec.Outs {
		if o := &rec.Outs[i]; o.Mark.IsZero() && e.hollow(*o) {
			o.Mark = rec.Full
		}
	}
}

// hollow reports whether an output can have the same bytes while what it
// stands for is another: a stamp file, which is empty and says that something
// was done, and a thin archive, which only names its members.
func (e *Engine) hollow(o trace.Out) bool {
	const thin = "!<thin>\n"
	if o.Size == 0 {
		return true
	}
	if ext := path.Ext(o.Path); ext != ".a" && ext != ".lib" {
		return false
	}
	f, err := e.fs.Open(e.abs(o.Path))
	if err != nil {
		return false
	}
	defer f.Close()
	var magic [len(thin)]byte
	_, err = io.ReadFull(f, magic[:])
	return err == nil && string(magic[:]) == thin
}
