package engine

import (
	"errors"
	"fmt"
	"path"
	"strings"
	"time"

	"erg.build/erg/engine/action"
	"erg.build/erg/engine/digest"
	"erg.build/erg/engine/event"
	"erg.build/erg/engine/fsys"
)

// probeRoot is the output root of probes: what compilers say of themselves.
// No context owns it.
const probeRoot = action.BuildDir + "/.probe"

// probePrio puts probes before everything else: until they have answered,
// nobody knows what there is to do.
const probePrio = 24 * time.Hour

// A ProbeError says that a probe did not succeed.
type ProbeError struct {
	Command string
	Output  string // all that it printed
	Err     error
}

func (e *ProbeError) Error() string { return fmt.Sprintf("%s: %v", e.Command, e.Err) }
func (e *ProbeError) Unwrap() error { return e.Err }

// ErrUnknown says that, planning, what was asked for is known only after a
// build.
var ErrUnknown = errors.New("known after the build")

// probe runs an action in whatever mode. Its failure is the caller's to
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
	nodes, err := t.demandPaths(spec.Outputs, probePrio)
	if err != nil {
		return nil, err
	}
	st, err := s.awaitNode(t.ctx, nodes[0])
	switch {
	case err != nil:
		return nil, err
	case st == wouldRun:
		return nil, ErrUnknown
	case st == failed && nodes[0].err != nil:
		return nil, nodes[0].err
	case st == failed || st == skipped:
		return nil, ErrFailed
	}
	s.noteRead(spec.Stdout)
	return fsys.ReadFile(s.eng.fs, s.eng.abs(spec.Stdout))
}

// failProbe ends a probe and its followers badly. The caller holds mu.
func (s *Session) failProbe(n *node, e event.ActionFinished) {
	n.group = nil
	n.err = &ProbeError{Command: n.command(), Output: string(e.Output), Err: e.Err}
	followers := s.land(n)
	s.end(n, failed)
	for _, w := range followers {
		w.err = n.err
		s.end(w, failed)
	}
}
