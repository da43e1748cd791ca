package engine

import (
	"fmt"
	"path"
	"strings"

	"erg.build/erg/engine/action"
	"erg.build/erg/engine/digest"
	"erg.build/erg/engine/event"
	"erg.build/erg/engine/exec"
	"erg.build/erg/engine/fsys"
)

// probeRoot is the output root of probes: what compilers say of themselves.
// No context owns it.
const probeRoot = action.BuildDir + "/.probe"

// A ProbeError says that a probe did not succeed.
type ProbeError struct {
	Command string
	Output  string // all that it printed
	Err     error
}

func (e *ProbeError) Error() string { return fmt.Sprintf("%s: %v", e.Command, e.Err) }
func (e *ProbeError) Unwrap() error { return e.Err }

// probe runs an action now, in whatever mode. Its failure is the caller's to
// report, so it neither stops the build nor shows among the failed actions.
func (t *Task) probe(spec action.Spec) ([]byte, error) {
	s := t.s
	spec.Root = probeRoot
	// The name of the output must not depend on where the tool is, or two
	// places of one tool would not share the answer; yet two tools that
	// claim one identity must not write one file.
	m := spec.Manifest(spec.Roots(), func(p string) digest.Digest { return digest.OfString(p) })
	key := m.Key().Short() + digest.OfString(strings.Join(spec.Argv, "\x00")).Short()
	spec.Stdout = path.Join(probeRoot, key)
	spec.Outputs = []string{spec.Stdout}
	if err := t.define(spec); err != nil {
		return nil, err
	}
	s.mu.Lock()
	n := s.outputs[spec.Stdout]
	wasStopped := s.stopped
	s.mu.Unlock()
	if wasStopped {
		return nil, ErrFailed
	}
	t.cell.addDep(dep{leaf: "action:" + spec.Stdout})
	return s.runProbe(n)
}

// runProbe takes a node through judge and execute in the caller's goroutine.
func (s *Session) runProbe(n *node) ([]byte, error) {
	s.probeMu.Lock()
	defer s.probeMu.Unlock()
	s.mu.Lock()
	if n.state == defined {
		n.state = preparing
		s.wanted = append(s.wanted, n)
	}
	st := n.state
	s.mu.Unlock()
	if st == preparing {
		if err := s.probeNode(n); err != nil {
			return nil, err
		}
	}
	return fsys.ReadFile(s.eng.fs, s.eng.abs(n.id()))
}

func (s *Session) probeNode(n *node) error {
	m, err := s.manifest(n)
	if err != nil {
		return err
	}
	n.key = m.Key()
	if ok, err := s.unchanged(n, m); ok || err != nil {
		return err
	}
	if ok, err := s.reuse(n, m); ok || err != nil {
		return err
	}
	s.mu.Lock()
	s.lastID++
	n.group = &group{id: s.lastID, name: n.spec.Name, contexts: map[string]bool{}}
	s.planned.started++
	s.mu.Unlock()
	o := s.execute(n)
	if o.err == nil {
		rec, err := s.conclude(n, o, o.res.Wall)
		if err != nil {
			return err
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		n.outs = rec.Outs
		s.finish(n, s.join(n, rec.Full, event.Ran), event.ActionFinished{Elapsed: o.res.Wall})
		s.settle(n, done)
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.end(n, failed)
	return &ProbeError{Command: exec.Quote(shownCommand(n.spec)), Output: string(o.output), Err: o.err}
}
