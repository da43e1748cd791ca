package engine

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"erg.build/erg/engine/action"
	"erg.build/erg/engine/digest"
	"erg.build/erg/engine/event"
	"erg.build/erg/engine/fsys"
	"erg.build/erg/engine/store"
	"erg.build/erg/engine/trace"
)

// gather reads the depfile and hashes the outputs.
func (s *Session) gather(n *node, o *outcome) error {
	if err := s.discover(n, o); err != nil {
		return err
	}
	find := newFinder(s.eng.opts.Root, n.spec.Root)
	drafts := s.drafts(n)
	var missing []string
	for _, p := range n.spec.Outputs {
		m, err := s.eng.hashOutput(p, find, drafts)
		if errors.Is(err, fs.ErrNotExist) {
			missing = append(missing, n.roots().View(p))
			continue
		}
		if err != nil {
			return fmt.Errorf("hash what it made: %w", err)
		}
		o.add(m)
	}
	if len(missing) > 0 {
		return fmt.Errorf("it ended well but did not make %s", enumerate(missing))
	}
	if o.baked = find.found; o.baked && !n.spec.Local && !n.traits.has(isProbe) {
		s.bakedOnce.Do(func() {
			s.message(event.Info, fmt.Sprintf("what %q makes holds the path of this workspace, so it is not shared with others", n.spec.Name))
		})
	}
	return nil
}

// A made is an output as it was found. The stamp is of the bytes that were
// hashed.
type made struct {
	out   trace.Out
	stamp trace.Stamp
	text  text
	plain bool // a file, and no link to one
}

// A text is what is left of an output that was read, so that the store need not
// read it again: the content if it is small, a draft if it is large, else
// nothing.
type text struct {
	content []byte
	draft   *store.Draft
}

func (o *outcome) add(m made) {
	o.outs = append(o.outs, m.out)
	o.stamps = append(o.stamps, m.stamp)
	o.texts = append(o.texts, m.text)
}

// draftFrom is from which size on an output is copied to the store while it is
// hashed. Smaller ones are left to whom has nothing better to do.
const draftFrom = 1 << 20

// drafts returns the store if it is to have what a node makes, else nil.
func (s *Session) drafts(n *node) *store.Store {
	if !s.storeOK.Load() || n.spec.Local {
		return nil
	}
	return s.eng.store
}

// dropDrafts removes copies that the store is not to have.
func dropDrafts(texts []text) {
	for _, t := range texts {
		t.draft.Drop()
	}
}

// hashOutput hashes an output and looks for the paths of its place in it.
func (e *Engine) hashOutput(p string, find *finder, drafts *store.Store) (made, error) {
	name := e.abs(p)
	fi, err := e.fs.Lstat(name)
	if err != nil {
		return made{}, err
	}
	if !fi.Mode().IsRegular() {
		return made{}, fmt.Errorf("output %s is not a regular file", p)
	}
	f, err := e.fs.Open(name)
	if err != nil {
		return made{}, err
	}
	defer f.Close()
	for try := 0; ; try++ {
		d, size, t, err := readHashed(f, fi.Size(), find, drafts)
		if err != nil {
			return made{}, err
		}
		after, err := f.Stat()
		if err != nil {
			t.draft.Drop()
			return made{}, err
		}
		find.end()
		if st := stampOf(after); st == stampOf(fi) {
			return made{trace.Out{Path: p, Digest: d, Size: size, Exec: executable(st)}, st, t, true}, nil
		}
		t.draft.Drop()
		if try == 5 {
			return made{}, fmt.Errorf("%s changes while it is being read", p)
		}
		time.Sleep(time.Millisecond << try)
		fi = after
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return made{}, err
		}
	}
}

// readHashed hashes a file that is said to be so long, which the caller checks
// afterwards, and shows it to find. What a store needs is kept of it: the
// content if it is small, a copy in the store drafts if that is not nil.
func readHashed(f fsys.File, size int64, find *finder, drafts *store.Store) (d digest.Digest, n int64, t text, err error) {
	find.next()
	r := io.Reader(f)
	switch {
	case size <= store.Small:
		b := make([]byte, size+1)
		k, err := f.Read(b)
		if err != nil && err != io.EOF {
			return d, n, t, err
		}
		if b = b[:k]; int64(k) == size {
			find.Write(b)
			return digest.Of(b), size, text{content: b[:k:k]}, nil
		}
		r = io.MultiReader(bytes.NewReader(b), f)
	case size >= draftFrom && drafts != nil:
		if c, err := drafts.Draft(f, find); err == nil {
			return c.Digest, c.Size, text{draft: c}, nil
		}
		// What the store lacks is no fault of the output's: who publishes it says so.
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return d, n, t, err
		}
		find.next()
	}
	d, n, err = digest.OfReader(io.TeeReader(r, find))
	return d, n, t, err
}

// discover reads what a compiler says it read.
func (s *Session) discover(n *node, o *outcome) error {
	if n.spec.Depfile == "" {
		return nil
	}
	name := s.eng.abs(n.spec.Depfile)
	b, err := fsys.ReadFile(s.eng.fs, name)
	s.eng.fs.Remove(name)
	if n.spec.Sandbox {
		return nil // all that it could read is part of its key
	}
	if err != nil {
		return fmt.Errorf("it did not report what it read: %w", err)
	}
	words, err := action.ParseDepfile(b)
	if err != nil {
		return fmt.Errorf("its dependency file %s: %w", n.spec.Depfile, err)
	}
	seen := map[string]bool{}
	for _, list := range [...][]string{n.spec.Inputs, n.spec.Outputs} {
		for _, p := range list {
			seen[p] = true
		}
	}
	var undeclared []string
	for _, w := range words {
		p := s.workspacePath(n.spec.Dir, w)
		if seen[p] {
			continue
		}
		seen[p] = true
		if s.isOutput(p) && !n.mayRead(p) {
			if !strings.HasPrefix(p, StateDir+"/") {
				undeclared = append(undeclared, p)
			}
			continue
		}
		d, err := s.inputDigest(p)
		if errors.Is(err, syscall.EISDIR) {
			continue
		}
		if err != nil {
			return err
		}
		if d.IsZero() {
			continue // it was read and removed: a temporary file
		}
		o.discovered = append(o.discovered, trace.Dep{Path: p, Digest: d, Discovered: true})
	}
	if len(undeclared) > 0 {
		return fmt.Errorf("it read %s, which is generated and not among its dependencies: it may read it before it is made", enumerate(undeclared))
	}
	s.discoverAbsent(n, o)
	return nil
}

// workspacePath spells a path that a compiler reported as package action does.
func (s *Session) workspacePath(dir, p string) string {
	p = filepath.ToSlash(p)
	if !path.IsAbs(p) {
		p = path.Join("/", s.eng.opts.Root, dir, p)
	}
	p = path.Clean(p)
	if rest, ok := strings.CutPrefix(p, s.eng.opts.Root+"/"); ok {
		return rest
	}
	return p
}

// discoverAbsent records, for a header found in one directory of the search
// order, that the directories before it do not have one of that name: a
// depfile never says so, and a new file there would be found first. Of a
// directory of outputs the record is that nothing that the action may read
// is made there.
func (s *Session) discoverAbsent(n *node, o *outcome) {
	seen := map[string]bool{}
	for _, d := range o.discovered {
		for j, dir := range n.spec.Include {
			rel, ok := below(dir, d.Path)
			if !ok {
				continue
			}
			for _, before := range n.spec.Include[:j] {
				p := path.Join(before, rel)
				if p == d.Path || seen[p] || !n.roots().Mentions(p) {
					continue
				}
				seen[p] = true
				dep := trace.Dep{Path: p, Discovered: true}
				if got, err := s.discovered(n, dep); err == nil && got.IsZero() {
					o.discovered = append(o.discovered, dep)
				}
			}
		}
	}
}

func below(dir, p string) (rel string, ok bool) {
	if dir == "" || dir == "." {
		return p, !path.IsAbs(p)
	}
	return strings.CutPrefix(p, dir+"/")
}
