package engine

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"erg.build/erg/engine/action"
	"erg.build/erg/engine/digest"
	"erg.build/erg/engine/exec"
	"erg.build/erg/engine/fsys"
	"erg.build/erg/engine/trace"
)

// executeForeign runs the process of a foreign action and gathers what it
// made.
func (s *Session) executeForeign(n *node, o *outcome) {
	f := n.spec.Foreign
	if o.err = s.makeRoom(n); o.err != nil {
		return
	}
	before := make([]trace.Stamp, len(n.spec.Outputs))
	for i, p := range n.spec.Outputs {
		before[i], _ = s.eng.stat(p)
	}
	s.forget(n.spec.Outputs...)
	s.logStart(n)
	o.began = coarseNow()
	o.res, o.err = s.runForeign(n)
	s.epoch.Add(1)
	if o.err != nil {
		return
	}
	o.output = o.res.Output
	var included []string
	if parse := s.eng.opts.Foreign.Includes; f.Includes != "" && parse != nil {
		o.output, included = parse(o.output, f.Includes)
	}
	if o.err = o.res.Err(); o.err != nil {
		if s.ctx.Err() != nil {
			s.undo(n, before)
		}
		return
	}
	if o.err = s.discoverForeign(n, o, included); o.err != nil {
		return
	}
	if o.err = s.gatherForeign(n, o, before); o.err != nil {
		return
	}
	if o.settled, o.err = s.settleInputs(n, o); o.err != nil {
		return
	}
	if f.Rspfile != "" && !s.opts.KeepRsp {
		s.eng.fs.Remove(s.eng.abs(f.Rspfile))
	}
}

// makeRoom makes the directories that a process writes to, and its response
// file.
func (s *Session) makeRoom(n *node) error {
	f := n.spec.Foreign
	for _, p := range n.spec.Outputs {
		if err := s.makeOnce(p); err != nil {
			return err
		}
	}
	if p := n.spec.Depfile; p != "" {
		if err := s.makeOnce(p); err != nil {
			return err
		}
	}
	if f.Rspfile == "" {
		return nil
	}
	return s.writeRsp(f)
}

// writeRsp writes a response file. It writes to what is there, which may be a
// link or a device.
func (s *Session) writeRsp(f *action.Foreign) error {
	if err := s.makeOnce(f.Rspfile); err != nil {
		return err
	}
	w, err := s.eng.fs.OpenFile(s.eng.abs(f.Rspfile), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
	if err != nil {
		return err
	}
	err = fsys.WriteAll(w, []byte(f.RspContent))
	return errors.Join(err, w.Close())
}

// makeOnce makes the directory of a file, once in a session.
func (s *Session) makeOnce(p string) error {
	dir := filepath.Dir(s.eng.abs(p))
	if _, made := s.madeDirs.Load(dir); made {
		// A process may have removed it.
		if st, err := s.eng.stat(dir); err == nil && !st.Absent() {
			return nil
		}
	}
	if err := s.eng.fs.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	s.madeDirs.Store(dir, true)
	return nil
}

// runForeign starts a program, or a shell where one is needed.
func (s *Session) runForeign(n *node) (*exec.Result, error) {
	f, spec := n.spec.Foreign, n.spec
	cmd := &exec.Command{Dir: s.eng.abs(spec.Dir), Env: s.opts.Environ, ExtraFiles: []*os.File{s.eng.lock.f}, Console: f.Console}
	if spec.Env != nil {
		cmd.Env = nil
		for _, e := range spec.Env {
			cmd.Env = append(cmd.Env, action.Expand(e, func(p string, _ bool) string { return s.eng.abs(p) }))
		}
	}
	s.tellSlots(cmd, spec)
	if split := s.eng.opts.Foreign.Split; split != nil {
		if dir, argv, ok := split(f.Command); ok {
			direct := *cmd
			direct.Argv = argv
			if dir != "" {
				if direct.Dir = dir; !filepath.IsAbs(dir) {
					direct.Dir = filepath.Join(cmd.Dir, dir)
				}
				direct.Env = append(slices.Clip(direct.Env), "PWD="+direct.Dir)
			}
			res, err := exec.Run(s.ctx, &direct)
			// A shell says what is wrong as people know it, and reads scripts
			// that do not say what they are for.
			var no syscall.Errno
			if err == nil || !errors.As(err, &no) {
				return res, err
			}
		}
	}
	cmd.Argv = []string{"/bin/sh", "-c", f.Command}
	return exec.Run(s.ctx, cmd)
}

// undo removes what an interrupted process made or modified, so that nobody
// takes half a file for a whole one. Where a depfile tells what it read, the
// outputs go even if they seem to be as they were.
func (s *Session) undo(n *node, before []trace.Stamp) {
	for i, p := range n.spec.Outputs {
		now, err := s.eng.stat(p)
		if err == nil && !now.Absent() && (n.spec.Depfile != "" || now.Mtime != before[i].Mtime) {
			s.eng.fs.Remove(s.eng.abs(p))
		}
	}
	if n.spec.Depfile != "" {
		s.eng.fs.Remove(s.eng.abs(n.spec.Depfile))
	}
}

// discoverForeign notes what a process says that it read. A file that is not
// there any more was a temporary one.
func (s *Session) discoverForeign(n *node, o *outcome, words []string) error {
	if n.spec.Depfile != "" {
		name := s.eng.abs(n.spec.Depfile)
		b, err := fsys.ReadFile(s.eng.fs, name)
		if err != nil && !absent(err) {
			return err
		}
		if !s.keepsDepfile(n) {
			s.eng.fs.Remove(name)
		}
		found, err := action.ParseDepfile(b)
		if err != nil {
			return errors.New(n.spec.Depfile + ": " + err.Error())
		}
		words = append(words, found...)
	}
	seen := make(map[string]bool, len(n.spec.Inputs)+len(words))
	for _, list := range [...][]string{n.spec.Inputs, n.spec.Outputs} {
		for _, p := range list {
			seen[p] = true
		}
	}
	for _, w := range words {
		p := s.foreignPath(n.spec.Dir, w)
		if p == "" || seen[p] {
			continue
		}
		seen[p] = true
		d, err := s.discovered(n, trace.Dep{Path: p, Digest: digest.OfString("present")})
		if err != nil {
			return err
		}
		if !d.IsZero() {
			o.discovered = append(o.discovered, trace.Dep{Path: p, Digest: d, Discovered: true})
		}
	}
	return nil
}

// keepsDepfile reports whether a foreign action's depfile stays.
func (s *Session) keepsDepfile(n *node) bool {
	return n.spec.Foreign.KeepDepfile || s.opts.KeepDepfiles
}

// foreignPath spells a path that was reported by an action which runs in dir
// as the graph does, if it knows it.
func (s *Session) foreignPath(dir, w string) string {
	switch {
	case w == "":
		return ""
	case !s.eng.opts.InPlace:
		return s.workspacePath(dir, w)
	}
	p := filepath.ToSlash(filepath.Clean(w))
	if s.isOutput(p) {
		return p
	}
	if rest, ok := strings.CutPrefix(p, s.eng.opts.Root+"/"); ok {
		return rest
	}
	return p
}

// gatherForeign hashes what a process made. What it did not make is no
// error; what it did not touch keeps its mark.
func (s *Session) gatherForeign(n *node, o *outcome, before []trace.Stamp) error {
	o.baked = true
	for i, p := range n.spec.Outputs {
		m, err := s.eng.readForeign(p)
		if errors.Is(err, fs.ErrNotExist) {
			m = made{out: trace.Out{Path: p, Mark: s.unique(p)}}
			if n.spec.Foreign.Restat {
				m.out.Mark = digest.OfString("absent")
			}
			o.absent, o.unshared = true, true
			o.add(m)
			continue
		}
		if err != nil {
			return err
		}
		if n.byTime() {
			m.out.Mark = s.unique(p)
		}
		// Of a directory the stamp does not tell what happened below it.
		if m.stamp == before[i] && (n.spec.Foreign.Restat || !isDir(m.stamp) && !n.byTime()) && n.old != nil && i < len(n.old.Outs) && n.old.Outs[i].Path == p {
			m.out.Mark = n.old.Outs[i].Mark
		}
		o.unshared = o.unshared || !m.plain
		o.add(m)
	}
	return nil
}

// hashForeign hashes an output of a foreign action.
func (e *Engine) hashForeign(p string) (trace.Out, trace.Stamp, error) {
	m, err := e.readForeign(p)
	return m.out, m.stamp, err
}

// readForeign looks at an output of a foreign action, which may be a link or a
// directory. Of a directory only that it is there counts.
func (e *Engine) readForeign(p string) (made, error) {
	name := e.abs(p)
	for try := 0; ; try++ {
		fi, err := e.fs.Lstat(name)
		plain := err == nil && fi.Mode().IsRegular()
		if err == nil && fi.Mode()&fs.ModeSymlink != 0 {
			fi, err = e.fs.Stat(name)
		}
		if err != nil {
			if absent(err) {
				err = fs.ErrNotExist
			}
			return made{}, err
		}
		st := stampOf(fi)
		if !fi.Mode().IsRegular() {
			return made{out: trace.Out{Path: p, Digest: directoryDigest}, stamp: st}, nil
		}
		m, err := e.readMade(p, name, st)
		if m.plain = plain; err != nil || m.stamp == st || try == 5 {
			return m, err
		}
		time.Sleep(time.Millisecond << try)
	}
}

// readMade reads an output that had a stamp just now.
func (e *Engine) readMade(p, name string, st trace.Stamp) (made, error) {
	f, err := e.fs.Open(name)
	if err != nil {
		return made{}, err
	}
	defer f.Close()
	d, size, t, err := readHashed(f, st.Size, newFinder(), nil)
	if err != nil {
		return made{}, err
	}
	after, err := f.Stat()
	if err != nil {
		return made{}, err
	}
	st = stampOf(after)
	return made{out: trace.Out{Path: p, Digest: d, Size: size, Exec: executable(st)}, stamp: st, text: t}, nil
}

func isDir(st trace.Stamp) bool { return st.Mode&syscall.S_IFMT == syscall.S_IFDIR }

// overloaded reports whether the machine has too much to do for another
// process. The caller holds mu.
func (s *Session) overloaded() bool {
	if s.opts.MaxLoad <= 0 || s.running == 0 {
		return false
	}
	var info unix.Sysinfo_t
	if unix.Sysinfo(&info) != nil {
		return false
	}
	return float64(info.Loads[0])/(1<<16) >= s.opts.MaxLoad
}
