package engine

import (
	"bytes"
	"fmt"
	"path"
	"path/filepath"
	"time"

	"erg.build/erg/engine/action"
	"erg.build/erg/engine/exec"
	"erg.build/erg/engine/fsys"
)

// executeWritten makes an output that needs no process.
func (s *Session) executeWritten(n *node, o *outcome) {
	if o.err = s.clear(n); o.err != nil {
		return
	}
	s.forget(n.spec.Outputs...)
	o.began = coarseNow()
	o.res = &exec.Result{Started: time.Now()}
	var b bytes.Buffer
	b.WriteString(n.spec.Written.Text)
	if n.spec.Written.Sums {
		for _, p := range n.spec.Inputs {
			d, err := s.inputOf(n, p)
			if err != nil {
				o.err = err
				return
			}
			fmt.Fprintf(&b, "%s  %s\n", d, path.Base(p))
		}
	}
	if o.err = fsys.WriteFile(s.eng.fs, s.eng.abs(n.spec.Outputs[0]), b.Bytes(), 0o666); o.err != nil {
		return
	}
	o.res.Wall = time.Since(o.res.Started)
	o.err = s.gather(n, o)
}

// mirror makes the links to sources that an action wants in its root.
func (s *Session) mirror(n *node) error {
	for _, p := range n.spec.Mirror {
		at := path.Join(n.spec.Root, p)
		if s.isOutput(at) && s.producer(at) != nil {
			return fmt.Errorf("%s is made by another action, so %s cannot be linked there", at, p)
		}
		to := action.Relative(path.Dir(at), p)
		link := s.eng.abs(at)
		for try := 0; ; try++ {
			if have, err := s.eng.fs.Readlink(link); err == nil && have == to {
				break
			}
			if err := s.eng.makeDir(filepath.Dir(link)); err != nil {
				return err
			}
			if try > 0 { // something else is there, and not since another action made the link
				if err := s.eng.fs.RemoveAll(link); err != nil {
					return err
				}
			}
			if err := s.eng.fs.Symlink(to, link); err == nil || try == 2 {
				return err
			}
		}
	}
	return nil
}

// move puts outputs in their place that the process wrote elsewhere.
func (s *Session) move(n *node) error {
	for _, m := range n.spec.Moves {
		if err := s.eng.fs.Rename(s.eng.abs(m.From), s.eng.abs(m.To)); err != nil {
			return fmt.Errorf("put what it made in place: %w", err)
		}
	}
	return nil
}
