package engine

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"erg.build/erg/engine/action"
	"erg.build/erg/engine/event"
	"erg.build/erg/engine/exec"
	"erg.build/erg/engine/fsys"
	"erg.build/erg/engine/sandbox"
	"erg.build/erg/engine/trace"
)

// An installation is one build of a package (action.Install).
type installation struct {
	s        *Session
	n        *node
	prefixes *prefixDir
	key      string
	prefix   string // where it is installed
	work     string // the copy of its source
	at       string // where the steps see that
	lock     *lock
	deps     []*InstallTree // with what they need
	res      *exec.Result   // of all steps so far
	release  func()         // lets collections have the trees again; never nil
}

// executeInstall builds a package, unless its install tree is there by now:
// another workspace may have made it while this one waited for a slot.
func (s *Session) executeInstall(n *node, o *outcome) {
	i, err := s.newInstallation(n)
	if err != nil {
		o.err = err
		return
	}
	waiting := func(pid int) {
		s.message(event.Info, fmt.Sprintf("another erg builds what %q makes; waiting for it (process %d)", n.spec.Name, pid))
	}
	if i.lock, o.err = i.prefixes.lock(s.ctx, i.key, waiting); o.err != nil {
		return
	}
	defer i.lock.release()
	o.began, o.res = coarseNow(), i.res
	i.release = i.prefixes.hold()
	defer func() { i.release() }()
	tree, err := i.prefixes.find(i.key)
	if tree == nil && err == nil {
		i.release() // for as long as its steps take
		i.release = func() {}
		tree, err = i.build(o)
	}
	if err != nil {
		o.err = fmt.Errorf("%s: %w", n.spec.Install.Site, err)
		return
	}
	o.err = s.installed(n, o, tree)
}

// installed makes an action's output of an install tree. That the tree is
// there is a discovered input: when it has gone, it is made again.
func (s *Session) installed(n *node, o *outcome, tree *InstallTree) error {
	if err := s.clear(n); err != nil {
		return err
	}
	stamp := filepath.Join(tree.Prefix, stampName)
	s.forget(n.spec.Outputs...)
	s.forgetTree(tree)
	if err := fsys.WriteFile(s.eng.fs, s.eng.abs(n.spec.Outputs[0]), tree.encode(), 0o666); err != nil {
		return err
	}
	s.useTree(n)
	if err := s.gather(n, o); err != nil {
		return err
	}
	d, err := s.inputDigest(stamp)
	o.discovered = append(o.discovered, trace.Dep{Path: stamp, Digest: d, Discovered: true})
	return err
}

// elsewhere reports whether the install tree of a package's last result, with
// these dependencies, is in another store than the one that is used now.
func (s *Session) elsewhere(n *node, deps []trace.Dep) bool {
	if n.spec.Install == nil {
		return false
	}
	p, err := s.eng.prefixes()
	if err != nil {
		return true
	}
	return slices.ContainsFunc(deps, func(d trace.Dep) bool {
		return d.Discovered && filepath.Base(d.Path) == stampName && filepath.Dir(filepath.Dir(d.Path)) != filepath.Join(p.dir, "prefix")
	})
}

// forgetTree makes the session look again at all of an install tree: it may
// have seen that it was not there.
func (s *Session) forgetTree(tree *InstallTree) {
	s.forget(tree.Prefix, filepath.Join(tree.Prefix, stampName))
	for _, e := range tree.Entries {
		s.forget(filepath.Join(tree.Prefix, e.Path))
	}
}

// reuseTree ends the node of a package whose install tree is there though no
// result says so: erg was killed before it could, or the store's are lost.
func (s *Session) reuseTree(n *node, m action.Manifest) (bool, error) {
	if n.spec.Install == nil || s.opts.Mode == Plan {
		return false, nil
	}
	p, err := s.eng.prefixes()
	if err != nil {
		return false, err
	}
	tree, err := p.find(installKey(n.key))
	if tree == nil || err != nil {
		return false, err
	}
	o := &outcome{}
	if err := s.installed(n, o, tree); err != nil {
		dropDrafts(o.texts)
		return false, err
	}
	rec := s.newRecord(n, m, o.discovered, o.outs, nil)
	s.share(n, rec, o.texts)
	s.concludeReuse(n, rec, event.Restored)
	return true, nil
}

func (s *Session) newInstallation(n *node) (*installation, error) {
	p, err := s.eng.prefixes()
	if err != nil {
		return nil, err
	}
	key := installKey(n.key)
	i := &installation{s: s, n: n, prefixes: p, key: key, prefix: p.prefix(key), work: p.state("work", key), res: &exec.Result{Started: time.Now()}}
	i.at = i.work
	if n.spec.Sandbox && s.sandboxMethod() == sandbox.Namespaces {
		// Compilers write where they ran into what they make, even in an order
		// that depends on it. There is one place for all builds, if that can be.
		i.at = p.state("work", "build")
	}
	i.deps, err = s.treesOf(n)
	return i, err
}

// treesOf returns the install trees that an action's inputs list, and those
// that they need.
func (s *Session) treesOf(n *node) ([]*InstallTree, error) {
	var trees []*InstallTree
	seen := map[string]bool{}
	add := func(t *InstallTree) {
		if !seen[t.Key] {
			seen[t.Key] = true
			trees = append(trees, t)
		}
	}
	for _, p := range n.spec.Inputs {
		if !action.IsPackageOutput(p) {
			continue
		}
		t, err := s.eng.readTree(p)
		if err != nil {
			return nil, err
		}
		add(t)
		for _, k := range t.Needs {
			add(&InstallTree{Key: k, Prefix: filepath.Join(filepath.Dir(t.Prefix), k)})
		}
	}
	return trees, nil
}

// readTree reads the output of a package's action.
func (e *Engine) readTree(p string) (*InstallTree, error) {
	b, err := fsys.ReadFile(e.fs, e.abs(p))
	if err != nil {
		return nil, err
	}
	return e.parseTree(b)
}

func (e *Engine) parseTree(b []byte) (*InstallTree, error) {
	dir, err := e.prefixes()
	if err != nil {
		return nil, err
	}
	t, err := decodeTree(b)
	if err == nil {
		t.Prefix = dir.prefix(t.Key)
	}
	return t, err
}

// build runs the steps and returns what they installed.
func (i *installation) build(o *outcome) (*InstallTree, error) {
	if err := i.clean(); err != nil {
		return nil, err
	}
	tree, err := i.run(o)
	var failed *StepError
	if errors.As(err, &failed) && i.s.opts.KeepFailed && i.s.ctx.Err() == nil {
		failed.Work = i.work
		return nil, err
	}
	if err != nil {
		return nil, errors.Join(err, i.clean())
	}
	return tree, fsys.RemoveTree(i.s.eng.fs, i.work)
}

// clean removes what another build of the package has left.
func (i *installation) clean() error {
	fsy := i.s.eng.fs
	return errors.Join(fsys.RemoveTree(fsy, i.prefix), fsys.RemoveTree(fsy, i.work))
}

func (i *installation) run(o *outcome) (*InstallTree, error) {
	fsy := i.s.eng.fs
	logs := i.prefixes.state("log", i.key)
	if err := fsy.RemoveAll(logs); err != nil {
		return nil, err
	}
	for _, dir := range []string{i.prefix, logs, filepath.Join(i.work, i.n.spec.Install.Dir), i.at} {
		if err := fsy.MkdirAll(dir, 0o777); err != nil {
			return nil, err
		}
	}
	if err := i.copySource(); err != nil {
		return nil, fmt.Errorf("copy the source: %w", err)
	}
	for k := range i.n.spec.Install.Steps {
		if err := i.step(k, logs, o); err != nil {
			return nil, err
		}
	}
	var needs []string
	for _, t := range i.deps {
		needs = append(needs, t.Key)
	}
	slices.Sort(needs)
	tree, err := scanTree(fsy, i.prefix, &placeholders{[]string{i.prefix, i.at}}, needs)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(tree.Entries, func(e InstallEntry) bool { return e.Kind != EntryDir }) {
		return nil, fmt.Errorf("its steps ended well but installed nothing below the prefix, %s\n  hint: do they name it, as ${prefix}? what they printed is in %s", i.prefix, logs)
	}
	i.release = i.prefixes.hold()
	return i.prefixes.adopt(i.key, tree)
}

// A StepError says that a step of a package failed.
type StepError struct {
	Step, Steps int
	Log         string // what it printed; "" if it could not be started
	Work        string // where it ran, if that was kept
	Err         error
}

func (e *StepError) Error() string {
	text := fmt.Sprintf("step %d of %d: %v", e.Step, e.Steps, e.Err)
	if e.Log != "" {
		text += "\n  log: " + e.Log
	}
	if e.Work != "" {
		return text + "\n  it ran in: " + e.Work
	}
	return text + "\n  hint: with --keep-failed erg keeps the directory in which it ran"
}

func (e *StepError) Unwrap() error { return e.Err }

// shownLines is how much is shown of what a failed step printed.
const shownLines = 40

// step runs one step and writes its log.
func (i *installation) step(k int, logs string, o *outcome) error {
	spec := i.n.spec
	cmd, sb := i.command(spec.Install.Steps[k])
	if sb != nil {
		defer sandbox.Clean(sb)
	}
	log := filepath.Join(logs, fmt.Sprintf("%d-%s.log", k+1, path.Base(cmd.Argv[0])))
	res, err := exec.Run(i.s.ctx, cmd)
	if err == nil {
		i.res.Wall += res.Wall
		i.res.MaxRSS = max(i.res.MaxRSS, res.MaxRSS)
		i.res.ExitCode, i.res.Signal = res.ExitCode, res.Signal
		if err := fsys.WriteFile(i.s.eng.fs, log, res.Output, 0o666); err != nil {
			return err
		}
		err = res.Err()
	}
	if err == nil {
		return nil
	}
	if !i.n.secret {
		o.command = exec.Quote(cmd.Argv)
	}
	failed := &StepError{Step: k + 1, Steps: len(spec.Install.Steps), Err: err}
	if res != nil {
		o.output, failed.Log = lastLines(res.Output, shownLines), log
	}
	return failed
}

// lastLines returns the end of a text, where programs say why they fail.
func lastLines(b []byte, n int) []byte {
	at := len(bytes.TrimSuffix(b, []byte("\n")))
	for range n {
		if at = bytes.LastIndexByte(b[:at], '\n'); at < 0 {
			return b
		}
	}
	return append([]byte("…\n"), b[at+1:]...)
}

// command is the process of a step.
func (i *installation) command(step []string) (*exec.Command, *sandbox.Spec) {
	spec := i.n.spec
	dir := filepath.Join(i.at, spec.Install.Dir)
	cmd := &exec.Command{Dir: dir, Timeout: spec.Timeout, ExtraFiles: []*os.File{i.s.eng.lock.f, i.lock.f}}
	sb := i.sandbox(dir)
	base := i.s.eng.opts.Root
	if sb != nil {
		cmd.Sandbox = sb
		if sb.Method != sandbox.Namespaces {
			base = sb.View()
		}
	}
	at := func(p string, _ bool) string {
		switch {
		case p == action.Prefix:
			return i.prefix
		case p == action.Work:
			return i.at
		case path.IsAbs(p):
			return p
		case sb != nil:
			return filepath.Join(base, i.n.roots().View(p))
		}
		return i.s.eng.abs(p)
	}
	for _, a := range step {
		cmd.Argv = append(cmd.Argv, action.Expand(a, at))
	}
	for _, e := range spec.Env {
		cmd.Env = append(cmd.Env, action.Expand(e, at))
	}
	i.s.tellSlots(cmd, spec)
	return cmd, sb
}

// sandbox is what a step can see: the copy of the source and its prefix, which
// it can write, the prefixes of what it depends on, and files of the workspace
// that are inputs but no source. Not the rest of the workspace, and not the
// user's home.
func (i *installation) sandbox(dir string) *sandbox.Spec {
	method := i.s.sandboxMethod()
	if !i.n.spec.Sandbox || method == sandbox.None {
		return nil
	}
	root := i.s.eng.opts.Root
	sb := &sandbox.Spec{Method: method, Root: root, Stage: i.s.scratch(), Chdir: dir,
		Writable: []sandbox.Mount{{At: i.at, Source: i.work}, {Source: i.prefix}}}
	if home := filepath.Clean(i.s.eng.opts.Env("HOME")); filepath.IsAbs(home) && home != "/" {
		sb.Hide = []string{home}
	}
	v := visibility{i.s.eng, sb.Hide}
	var places []string
	for _, p := range append(slices.Clip(i.n.spec.Visible), pathDirs(i.n.spec.Env)...) {
		places = append(places, v.places(p)...)
	}
	sb.ReadOnly = append(sb.ReadOnly, mountsAt(places)...)
	for _, t := range i.deps {
		sb.ReadOnly = append(sb.ReadOnly, sandbox.Mount{Source: t.Prefix})
	}
	for _, p := range i.n.spec.Inputs {
		if !path.IsAbs(p) && !strings.HasPrefix(p, i.n.spec.Install.Source+"/") && !action.IsPackageOutput(p) {
			sb.Inputs = append(sb.Inputs, sandbox.Mount{At: i.n.roots().View(p), Source: i.s.eng.abs(p)})
		}
	}
	return sb
}
