package engine

import (
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"strings"
	"syscall"

	"erg.build/erg/engine/digest"
	"erg.build/erg/engine/trace"
)

func (t *Task) readFile(p string) ([]byte, error) {
	p = cleanPath(p)
	t.cell.addDep(dep{leaf: "file:" + p})
	f, err := t.ask(p, trace.Content)
	if err != nil {
		return nil, err
	}
	if f.Stamp.Absent() {
		return nil, &fs.PathError{Op: "open", Path: p, Err: fs.ErrNotExist}
	}
	fh, err := t.s.eng.fs.Open(t.s.eng.abs(p))
	if err != nil {
		return nil, err
	}
	defer fh.Close()
	b, err := io.ReadAll(fh)
	if err != nil {
		return nil, err
	}
	if effective(digest.Of(b), executable(f.Stamp)) != f.Digest {
		return nil, fmt.Errorf("%s changes while it is being read", p)
	}
	return b, nil
}

func (t *Task) exists(p string) (bool, error) {
	p = cleanPath(p)
	t.cell.addDep(dep{leaf: "file:" + p})
	f, err := t.ask(p, trace.Presence)
	if err != nil {
		return false, err
	}
	return !f.Stamp.Absent() && f.Stamp.Mode&syscall.S_IFMT != syscall.S_IFDIR, nil
}

func (t *Task) readDir(p string, kind trace.Kind) ([]Entry, error) {
	p = cleanPath(p)
	t.cell.addDep(dep{leaf: "file:" + p})
	if _, err := t.ask(p, kind); err != nil {
		return nil, err
	}
	r := t.s.row(trace.FileKey{Path: p, Kind: kind})
	t.s.leafMu.Lock()
	entries := t.s.odd[r].entries
	t.s.leafMu.Unlock()
	for _, e := range entries {
		if e.Link {
			// What it leads to may become a directory, or cease to be one,
			// without a trace in this one.
			t.ask(path.Join(p, e.Name), trace.Presence)
		}
	}
	return entries, nil
}

func (t *Task) getenv(name string) string {
	v := t.s.eng.opts.Env(name)
	t.cell.addDep(dep{leaf: "env:" + name})
	t.s.leafMu.Lock()
	t.s.env[name] = v
	t.s.leafMu.Unlock()
	return v
}

func (t *Task) lookPath(name string) (string, error) {
	if strings.Contains(name, "/") {
		ok, err := t.isProgram(cleanPath(name))
		if err == nil && !ok {
			err = &fs.PathError{Op: "find", Path: name, Err: fs.ErrNotExist}
		}
		return t.s.eng.abs(name), err
	}
	for _, dir := range filepath.SplitList(t.getenv("PATH")) {
		if !path.IsAbs(dir) {
			continue
		}
		p := path.Join(dir, name)
		if ok, err := t.isProgram(p); ok && err == nil {
			t.cell.addDep(dep{leaf: "file:" + p})
			return p, nil
		}
	}
	return "", &fs.PathError{Op: "find on PATH", Path: name, Err: fs.ErrNotExist}
}

func (t *Task) isProgram(p string) (bool, error) {
	f, err := t.ask(p, trace.Presence)
	return err == nil && executable(f.Stamp) && f.Stamp.Mode&syscall.S_IFMT == syscall.S_IFREG, err
}

func (t *Task) fileDigest(p string) (digest.Digest, error) {
	p = cleanPath(p)
	t.cell.addDep(dep{leaf: "file:" + p})
	f, err := t.ask(p, trace.Content)
	if err != nil {
		return digest.Digest{}, err
	}
	if f.Stamp.Absent() {
		return digest.Digest{}, &fs.PathError{Op: "open", Path: p, Err: fs.ErrNotExist}
	}
	return f.Digest, nil
}

func cleanPath(p string) string {
	if p = path.Clean(p); p == "." {
		return ""
	}
	return p
}
