package engine

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"

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
	places := [][]byte{[]byte(s.eng.opts.Root + "/"), []byte(n.spec.Root + "/")}
	var missing []string
	for _, p := range n.spec.Outputs {
		out, baked, err := s.eng.hashOutput(p, places)
		if errors.Is(err, fs.ErrNotExist) {
			missing = append(missing, n.roots().View(p))
			continue
		}
		if err != nil {
			return err
		}
		o.baked = o.baked || baked
		o.outs = append(o.outs, out)
	}
	if len(missing) > 0 {
		return fmt.Errorf("it ended well but did not make %s", enumerate(missing))
	}
	if o.baked && !n.spec.Local {
		s.bakedOnce.Do(func() {
			s.message(event.Info, fmt.Sprintf("what %q makes holds the path of this workspace, so it is not shared with others", n.spec.Name))
		})
	}
	return nil
}

// hashOutput hashes an output and looks for the paths of its place in it.
func (e *Engine) hashOutput(p string, places [][]byte) (trace.Out, bool, error) {
	name := e.abs(p)
	fi, err := e.fs.Lstat(name)
	if err != nil {
		return trace.Out{}, false, err
	}
	if !fi.Mode().IsRegular() {
		return trace.Out{}, false, fmt.Errorf("output %s is not a regular file", p)
	}
	f, err := e.fs.Open(name)
	if err != nil {
		return trace.Out{}, false, err
	}
	defer f.Close()
	find := &finder{needles: places}
	d, size, err := digest.OfReader(io.TeeReader(f, find))
	return trace.Out{Path: p, Digest: d, Size: size, Exec: fi.Mode()&0o111 != 0}, find.found, err
}

// A finder is a writer that looks for needles in what passes.
type finder struct {
	needles [][]byte
	tail    []byte
	found   bool
}

func (f *finder) Write(b []byte) (int, error) {
	if f.found {
		return len(b), nil
	}
	longest := 0
	seam := append(f.tail, b[:min(len(b), 512)]...)
	for _, n := range f.needles {
		longest = max(longest, len(n))
		if bytes.Contains(b, n) || bytes.Contains(seam, n) {
			f.found = true
		}
	}
	keep := append(f.tail, b...)
	if len(b) > longest {
		keep = b
	}
	f.tail = bytes.Clone(keep[max(0, len(keep)-longest):])
	return len(b), nil
}

// discover reads what a compiler says it read.
func (s *Session) discover(n *node, o *outcome) error {
	if n.spec.Depfile == "" {
		return nil
	}
	name := s.eng.abs(n.spec.Depfile)
	b, err := fsys.ReadFile(s.eng.fs, name)
	if err != nil {
		return fmt.Errorf("it did not report what it read: %w", err)
	}
	s.eng.fs.Remove(name)
	words, err := action.ParseDepfile(b)
	if err != nil {
		return fmt.Errorf("its dependency file %s: %w", n.spec.Depfile, err)
	}
	seen := map[string]bool{}
	var undeclared []string
	for _, w := range words {
		p := s.workspacePath(n.spec.Dir, w)
		if seen[p] || slices.Contains(n.spec.Inputs, p) || slices.Contains(n.spec.Outputs, p) {
			continue
		}
		seen[p] = true
		if action.IsOutput(p) && !slices.Contains(n.spec.Order, p) {
			if !strings.HasPrefix(p, StateDir+"/") {
				undeclared = append(undeclared, p)
			}
			continue
		}
		d, err := s.inputDigest(p)
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
// depfile never says so, and a new file there would be found first.
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
				if path.IsAbs(p) || action.IsOutput(p) || p == d.Path || seen[p] {
					continue
				}
				seen[p] = true
				if f, err := s.leaf(p, trace.Presence); err == nil && f.Stamp.Absent() {
					o.discovered = append(o.discovered, trace.Dep{Path: p, Discovered: true})
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

// store publishes a result, off the critical path.
func (s *Session) store(n *node, rec *trace.Action) {
	if !s.storeOK.Load() {
		return
	}
	e := store.Entry{Message: n.roots().Template(string(rec.Message)), Took: rec.Took, Peak: rec.Peak}
	if rec.Baked {
		e.Location = s.location(n)
	}
	for _, d := range rec.Deps {
		if d.Discovered {
			e.Deps = append(e.Deps, store.Dep{Path: n.roots().Canonical(d.Path), Digest: d.Digest})
		}
	}
	for _, o := range rec.Outs {
		e.Outs = append(e.Outs, store.Blob{Digest: o.Digest.String(), Size: o.Size, Exec: o.Exec})
	}
	s.publish.Add(1)
	go func() {
		defer s.publish.Done()
		s.publishing <- struct{}{}
		defer func() { <-s.publishing }()
		err := error(nil)
		for _, o := range rec.Outs {
			if err == nil {
				err = s.eng.store.Add(o.Digest, s.eng.abs(o.Path))
			}
		}
		if err == nil {
			err = s.eng.store.Put(rec.Key, e)
		}
		if err != nil && s.storeOK.Swap(false) {
			s.message(event.Warning, "results are no longer stored: "+err.Error())
		}
	}()
}
