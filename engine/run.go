package engine

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/diff"

	"erg.build/erg/engine/action"
	"erg.build/erg/engine/event"
	"erg.build/erg/engine/exec"
	"erg.build/erg/engine/fsys"
	"erg.build/erg/engine/sandbox"
	"erg.build/erg/engine/trace"
)

// An outcome is what a process run came to.
type outcome struct {
	began      int64 // by the clock of stamps
	res        *exec.Result
	output     []byte // what people see of it
	discovered []trace.Dep
	outs       []trace.Out
	stamps     []trace.Stamp // of outs
	texts      []text        // of outs, for the store
	baked      bool
	absent     bool   // an output was not made
	settled    bool   // it changed inputs in place, see settleInputs
	unshared   bool   // the store cannot hold what was made
	disturbed  string // an input that changed meanwhile
	command    string // the step that failed, of several
	err        error
}

// runNode runs an action's process and concludes the node.
func (s *Session) runNode(n *node) (next chore) {
	began := time.Now()
	o := s.execute(n)
	took := time.Since(began)
	if o.res != nil {
		took = o.res.Wall
	}
	var rec *trace.Action
	if o.err == nil {
		rec, o.err = s.conclude(n, o, took)
	}
	dropDrafts(o.texts) // what was shared is no longer among them
	// What was interrupted has no result, good or bad.
	interrupted := o.err != nil && s.ctx.Err() != nil
	if o.err != nil && !interrupted {
		s.remember(n, o, took)
	}
	if o.err != nil && !n.spec.Local && n.spec.Foreign == nil {
		s.discard(n)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ranNode(n)
	if o.res != nil && !interrupted {
		s.planned.started++
	}
	if o.res != nil {
		s.planned.worked += took
		s.planned.peak = max(s.planned.peak, o.res.MaxRSS)
	}
	e := event.ActionFinished{Elapsed: took, Output: o.output}
	if o.res != nil {
		e.ExitCode = o.res.Code()
	}
	switch {
	case interrupted:
		s.stop()
		s.abandon(n)
	case o.err != nil:
		e.Err, e.Command = o.err, cmp.Or(o.command, n.command())
		s.failRun(n, e)
	default:
		n.noteKept(rec)
		n.outs, n.stirred = rec.Outs, true
		g := s.join(n, rec.Full, event.Ran)
		e.Why = reasons(rec)
		s.finish(n, g, e)
		s.settle(n, done)
		s.release(n)
	}
	s.cool(n)
	return s.pumpOn()
}

// conclude hashes and records what a successful run made.
func (s *Session) conclude(n *node, o *outcome, took time.Duration) (*trace.Action, error) {
	for i, out := range o.outs {
		if !o.stamps[i].Absent() {
			s.stampOut(out, o.stamps[i])
		}
	}
	m, err := s.manifest(n)
	if err != nil {
		return nil, err
	}
	if o.settled {
		// What is there belongs to what it made of its inputs. To have that
		// without running it would leave them as they were.
		n.key, o.unshared = m.Key(), true
	}
	rec := s.newRecord(n, m, o.discovered, o.outs, o.output)
	rec.Took, rec.Peak, rec.Baked = took, o.res.MaxRSS, o.baked
	if o.disturbed == "" && n.spec.Install == nil { // which copies what its key says, and checks that
		o.disturbed = s.disturbed(n, o)
	}
	if o.disturbed != "" {
		// What it made may stem from the old bytes or the new. It is used
		// now, and made again by the next build.
		rec.Key = [32]byte{}
		s.incomplete.Store(true)
		s.message(event.Warning, fmt.Sprintf("%s changed while %q ran; the next build runs it again", o.disturbed, n.spec.Name))
	}
	if o.absent {
		// What is not there is never up to date.
		rec.Key = [32]byte{}
		s.incomplete.Store(true)
	}
	s.keep(rec)
	s.log(rec)
	if o.disturbed == "" && !n.spec.Local && !o.unshared {
		s.share(n, rec, o.texts)
		o.texts = nil
	}
	return rec, nil
}

// disturbed names an input that changed since it was hashed, or since the
// action began if it was hashed only afterwards.
func (s *Session) disturbed(n *node, o *outcome) string {
	check := func(p string) bool {
		if s.isOutput(p) {
			return false
		}
		f, err := s.leaf(p, trace.Content)
		if err != nil {
			return true
		}
		now, err := s.eng.stat(p)
		if err != nil {
			return true
		}
		if now != f.Stamp || f.Racy {
			if isDir(now) || now.Absent() {
				return now != f.Stamp
			}
			// That it was written anew with the same bytes disturbs nobody.
			if d, _, err := s.eng.hashFile(p); err != nil || effective(d, executable(now)) != f.Digest {
				return true
			}
			return s.examinedAt(p) > o.res.Started.Sub(s.began)
		}
		return s.examinedAt(p) > o.res.Started.Sub(s.began) && max(now.Mtime, now.Ctime) >= o.began
	}
	for _, p := range n.spec.Inputs {
		if check(p) {
			return p
		}
	}
	for _, d := range o.discovered {
		if !d.Digest.IsZero() && (check(d.Path) || s.madeMeanwhile(n, o, d.Path)) {
			return d.Path
		}
	}
	return ""
}

// remember records a failure: it is no result, but why, promote and the
// order of the next build look at it.
func (s *Session) remember(n *node, o *outcome, took time.Duration) {
	rec := &trace.Action{Name: n.spec.Name, Context: n.spec.Context, Target: n.spec.Target, Spec: n.identity,
		Message: o.output, Took: took, Verified: s.rev, Ran: s.rev, Failed: true}
	if o.res != nil {
		rec.Peak = o.res.MaxRSS // it may have failed for want of memory
	}
	if m, err := s.manifest(n); err == nil {
		n.keepRecipe(rec, m)
		rec.Why = s.explain(n, m, nil)
	}
	for _, p := range n.spec.Outputs {
		rec.Outs = append(rec.Outs, trace.Out{Path: p})
	}
	for _, p := range n.spec.Inputs {
		d, _ := s.inputOf(n, p)
		rec.Deps = append(rec.Deps, trace.Dep{Path: p, Digest: d})
	}
	if n.old != nil {
		// What it was seen to read, it will read.
		for _, d := range n.old.Deps {
			if d.Discovered {
				rec.Deps = append(rec.Deps, d)
			}
		}
	}
	var differ *DifferError
	if errors.As(o.err, &differ) {
		rec.Why = []trace.Change{{What: Differs, Name: differ.Path}}
		if differ.Corrections != "" {
			rec.Why = []trace.Change{{What: Corrects, Name: differ.Corrections}}
		}
	}
	s.forget(n.spec.Outputs...)
	s.keep(rec)
	s.log(rec)
}

// execute runs the process and gathers what it made, without recording it.
func (s *Session) execute(n *node) *outcome {
	o := &outcome{}
	if s.ctx.Err() != nil {
		o.err = context.Cause(s.ctx) // before what is there is removed
		return o
	}
	if n.spec.Foreign != nil {
		s.executeForeign(n, o)
		return o
	}
	if n.spec.Install != nil {
		s.executeInstall(n, o)
		return o
	}
	if n.spec.Written != nil {
		s.executeWritten(n, o)
		return o
	}
	if o.err = s.clear(n); o.err != nil {
		return o
	}
	if o.err = s.mirror(n); o.err != nil {
		return o
	}
	cmd, sb, err := s.command(n)
	if err != nil {
		o.err = err
		return o
	}
	if sb != nil {
		defer sandbox.Clean(sb)
	}
	s.forget(n.spec.Outputs...)
	o.began = coarseNow()
	o.res, o.err = exec.Run(s.ctx, cmd)
	if o.err != nil {
		return o
	}
	o.output = o.res.Output
	if o.err = o.res.Err(); o.err != nil {
		s.explainFailure(n, o)
		if found, err := s.correct(n, sb); err != nil {
			o.err = errors.Join(o.err, err)
		} else if found {
			o.err = &DifferError{Corrections: n.spec.Corrections}
		}
		return o
	}
	if sb != nil {
		if o.err = s.collect(n, sb); o.err != nil {
			return o
		}
	}
	if o.err = s.move(n); o.err != nil {
		return o
	}
	if o.err = s.gather(n, o); o.err != nil {
		return o
	}
	o.err = s.compare(n, o)
	return o
}

// discard removes what a failed run has left, so that no compiler finds half
// a header. What tests print stays: erg promote accepts it.
func (s *Session) discard(n *node) {
	paths := slices.Clone(n.spec.Outputs)
	for _, m := range n.spec.Moves {
		paths = append(paths, m.From)
	}
	for _, p := range paths {
		if err := s.eng.fs.RemoveAll(s.eng.abs(p)); err != nil {
			s.message(event.Warning, err.Error())
		}
	}
}

// clear removes what a former run left and makes the outputs' directories.
func (s *Session) clear(n *node) error {
	paths := append(slices.Clone(n.spec.Outputs), n.spec.Depfile, n.spec.Corrections)
	for _, m := range n.spec.Moves {
		paths = append(paths, m.From)
	}
	for _, p := range paths {
		if p == "" {
			continue
		}
		if err := s.eng.makeDir(filepath.Dir(s.eng.abs(p))); err != nil {
			return err
		}
		if err := s.eng.fs.RemoveAll(s.eng.abs(p)); err != nil {
			return err
		}
	}
	return nil
}

// makeDir makes a directory for outputs. A file that an earlier layout of
// the tree left in its place gives way.
func (e *Engine) makeDir(dir string) error {
	err := e.fs.MkdirAll(dir, 0o777)
	if err == nil || !strings.HasPrefix(dir, filepath.Join(e.opts.Root, action.BuildDir)+"/") {
		return err
	}
	for d := dir; len(d) > len(e.opts.Root); d = filepath.Dir(d) {
		if fi, lerr := e.fs.Lstat(d); lerr == nil && !fi.IsDir() {
			if rerr := e.fs.Remove(d); rerr != nil {
				return errors.Join(err, rerr)
			}
			return e.fs.MkdirAll(dir, 0o777)
		}
	}
	return err
}

// command turns a specification into a process: this is where templates
// become real paths.
func (s *Session) command(n *node) (*exec.Command, *sandbox.Spec, error) {
	spec := n.spec
	cmd := &exec.Command{Dir: s.eng.abs(spec.Dir), Timeout: spec.Timeout, ExtraFiles: []*os.File{s.eng.lock.f}}
	var sb *sandbox.Spec
	if spec.Sandbox {
		var err error
		if sb, err = s.sandboxSpec(n); err != nil {
			return nil, nil, err
		}
		cmd.Sandbox = sb
	}
	at := func(p string, abs bool) string {
		if path.IsAbs(p) {
			return p
		}
		if slices.Contains(spec.Writable, p) {
			return s.eng.abs(p) // it stays where it is, in a sandbox too
		}
		if sb != nil && sb.Method != sandbox.None {
			p = n.roots().View(p)
			if abs {
				return filepath.Join(strings.TrimSuffix(sb.WorkDir(), "/"+spec.Dir), p)
			}
		} else if abs {
			return s.eng.abs(p)
		}
		return action.Relative(spec.Dir, p)
	}
	for i, a := range spec.Argv {
		x := action.Expand(a, at)
		if i == 0 && x != a && !strings.Contains(x, "/") {
			x = "./" + x // a file here, not a name to look up
		}
		cmd.Argv = append(cmd.Argv, x)
	}
	if spec.Self {
		// The file that runs, also if another one was installed meanwhile.
		cmd.Path, cmd.Argv[0] = "/proc/self/exe", os.Args[0]
	}
	if len(spec.From) > 0 {
		cmd.Argv = append(cmd.Argv, spec.From...)
		cmd.Env = slices.Clone(s.opts.Environ)
	}
	for _, e := range spec.Env {
		cmd.Env = append(cmd.Env, action.Expand(e, at))
	}
	if spec.Stdin != "" {
		cmd.Stdin = s.eng.abs(spec.Stdin)
	}
	if spec.Stdout != "" {
		cmd.Stdout = s.eng.abs(spec.Stdout)
	}
	for _, w := range spec.Writable {
		if err := s.eng.fs.MkdirAll(s.eng.abs(w), 0o777); err != nil {
			return nil, nil, err
		}
	}
	s.tellSlots(cmd, spec)
	return cmd, sb, nil
}

// An UndeclaredError says that an action wrote what it did not declare.
type UndeclaredError struct {
	Name  string
	Paths []string
}

func (e *UndeclaredError) Error() string {
	return fmt.Sprintf("it wrote %s, which it does not declare: add to its outputs", enumerate(e.Paths))
}

func enumerate(paths []string) string {
	const most = 5
	if len(paths) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(paths[:most], ", "), len(paths)-most)
	}
	return strings.Join(paths, ", ")
}

// A DifferError says that an action made something else than was expected.
type DifferError struct {
	Path        string // what its standard output was to equal; or
	Corrections string // see action.Spec
}

func (e *DifferError) Error() string {
	if e.Corrections != "" {
		return "it made something else than the sources hold; erg promote accepts it"
	}
	return "its output differs from " + e.Path
}

// Differs is what trace.Change.What says of an action that failed with a
// DifferError: Name is the file with what was expected, and the action's
// first output has what it printed.
const Differs = "differs"

// Corrects is what it says of one that left corrections: Name is their file.
const Corrects = "corrections"

// compare holds standard output against what was expected.
func (s *Session) compare(n *node, o *outcome) error {
	if n.spec.Expect == "" {
		return nil
	}
	want, err := fsys.ReadFile(s.eng.fs, s.eng.abs(n.spec.Expect))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	got, err := fsys.ReadFile(s.eng.fs, s.eng.abs(n.spec.Stdout))
	if err != nil {
		return err
	}
	// Programs for Windows end lines in their own way.
	want, got = unixLines(want), unixLines(got)
	d := diff.Diff(n.spec.Expect, want, "what it printed", got)
	if d == nil {
		return nil
	}
	o.output = append(o.output, d...)
	return &DifferError{Path: n.spec.Expect}
}

func unixLines(b []byte) []byte { return bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n")) }
