package perform

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"erg.build/erg/contexts/dune/act"
)

// through carries out a node that finds a program on its PATH which does not
// run here by itself: a script of that name runs it through a runner.
func (p *performer) through(a *act.Action, s process) error {
	name, argv := a.Args[0], a.Args[1:]
	if name != filepath.Base(name) {
		return fmt.Errorf("malformed action %q", a.Op)
	}
	dir, err := os.MkdirTemp("", "runner-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	words := make([]string, len(argv))
	for i, w := range argv {
		words[i] = quoted(w)
		if w == act.Arguments {
			words[i] = `"$@"`
		}
	}
	script := "#!/bin/sh\nexec " + strings.Join(words, " ") + "\n"
	if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o777); err != nil {
		return err
	}
	path := dir
	for _, e := range s.env {
		if list, ok := strings.CutPrefix(e, "PATH="); ok {
			path = dir + string(filepath.ListSeparator) + list
		}
	}
	s.env = append(append([]string{}, s.env...), "PATH="+path)
	return p.do(a.Do[0], s)
}
