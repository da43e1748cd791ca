package engine

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"erg.build/erg/engine/action"
	"erg.build/erg/engine/event"
	"erg.build/erg/engine/sandbox"
)

// sandboxSpec is what an action can see: its inputs, and what packages among
// them have installed.
func (s *Session) sandboxSpec(n *node) (*sandbox.Spec, error) {
	sb := &sandbox.Spec{
		Method: s.sandboxMethod(),
		Root:   s.eng.opts.Root,
		Stage:  s.scratch(),
		Dir:    n.spec.Dir,
	}
	for _, list := range [...][]string{n.spec.Inputs, n.spec.Order} {
		for _, p := range list {
			if path.IsAbs(p) {
				continue
			}
			m := sandbox.Mount{At: n.roots().View(p), Source: s.eng.abs(p)}
			if own(n.spec, m.At) {
				sb.Copies = append(sb.Copies, m)
			} else {
				sb.Inputs = append(sb.Inputs, m)
			}
		}
	}
	for _, p := range n.spec.Outputs {
		if d := path.Dir(n.roots().View(p)); d != "." {
			sb.MakeDirs = append(sb.MakeDirs, d)
		}
	}
	if c := n.spec.Corrections; c != "" {
		sb.MakeDirs = append(sb.MakeDirs, path.Dir(n.roots().View(c)))
	}
	for _, w := range n.spec.Writable {
		sb.Writable = append(sb.Writable, sandbox.Mount{Source: s.eng.abs(w)})
	}
	trees, err := s.treesOf(n)
	for _, t := range trees {
		sb.ReadOnly = append(sb.ReadOnly, sandbox.Mount{Source: t.Prefix})
	}
	for _, m := range append(s.toolMounts(n), s.visibleMounts(n.spec)...) {
		if !slices.Contains(sb.ReadOnly, m) {
			sb.ReadOnly = append(sb.ReadOnly, m)
		}
	}
	return sb, err
}

// own reports whether what a view shows there is the process's own.
func own(s *action.Spec, at string) bool {
	return s.Own == "." || s.Own != "" && strings.HasPrefix(at, s.Own+"/")
}

func (s *Session) sandboxMethod() sandbox.Method {
	s.sandboxOnce.Do(func() {
		s.method = s.eng.opts.Sandbox
		if s.method == "" {
			var why string
			if s.method, why = sandbox.Available(); s.method != sandbox.Namespaces {
				s.message(event.Info, fmt.Sprintf("sandbox: %s (%s)", s.method, why))
			}
		}
	})
	return s.method
}

// correct moves the corrections of a failed action out of the view, and
// reports whether there are any.
func (s *Session) correct(n *node, sb *sandbox.Spec) (bool, error) {
	c := n.spec.Corrections
	if c == "" {
		return false, nil
	}
	if sb != nil && sb.Method != sandbox.None {
		err := s.eng.fs.Rename(filepath.Join(sb.View(), n.roots().View(c)), s.eng.abs(c))
		if errors.Is(err, fs.ErrNotExist) {
			return false, nil
		}
		return err == nil, err
	}
	_, err := s.eng.fs.Lstat(s.eng.abs(c))
	return err == nil, nil
}

// namedStdout reports whether the process wrote its standard output's file by
// name, and nothing to standard output: that is what a shell would leave.
func (s *Session) namedStdout(n *node, there bool) bool {
	if !there {
		return false
	}
	st, err := s.eng.fs.Lstat(s.eng.abs(n.spec.Stdout))
	return err == nil && st.Size() == 0
}

// collect moves declared outputs out of the view.
func (s *Session) collect(n *node, sb *sandbox.Spec) error {
	if sb.Method == sandbox.None {
		return nil
	}
	created, err := sandbox.Collect(sb)
	if err != nil {
		return err
	}
	declared, there := map[string]bool{}, map[string]bool{}
	for _, c := range created {
		there[c] = true
	}
	for _, p := range n.spec.Outputs {
		v := n.roots().View(p)
		if p == n.spec.Stdout && !s.namedStdout(n, there[v]) {
			declared[v] = true
			continue
		}
		declared[v] = true
		if there[v] {
			if err := s.eng.fs.Rename(filepath.Join(sb.View(), v), s.eng.abs(p)); err != nil {
				return err
			}
		}
	}
	if n.spec.Local || n.spec.Extra {
		return nil // what a test leaves behind is nobody's input
	}
	var extra []string
	for _, c := range created {
		if n.spec.Depfile != "" && c == n.roots().View(n.spec.Depfile) {
			continue
		}
		if !declared[c] {
			extra = append(extra, c)
		}
	}
	if len(extra) > 0 {
		return &UndeclaredError{Name: n.spec.Name, Paths: extra}
	}
	return nil
}
