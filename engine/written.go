package engine

import (
	"bytes"
	"fmt"
	"path"
	"time"

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

// move puts outputs in their place that the process wrote elsewhere.
func (s *Session) move(n *node) error {
	for _, m := range n.spec.Moves {
		if err := s.eng.fs.Rename(s.eng.abs(m.From), s.eng.abs(m.To)); err != nil {
			return fmt.Errorf("put what it made in place: %w", err)
		}
	}
	return nil
}
