package perform

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"erg.build/erg/contexts/dune/act"
)

// through carries out a node that finds a program on its PATH which does not
// run here by itself: a script of that name runs it through a runner. A path is
// that of the script; what lies there already stays, as it does outside of a
// sandbox, where the program itself does.
func (p *performer) through(a *act.Action, s process) error {
	name, script := a.Args[0], throughScript(a.Args[1:])
	if name != filepath.Base(name) {
		if err := writeNew(s.path(name), script); err != nil {
			return err
		}
		return p.do(a.Do[0], s)
	}
	dir, err := os.MkdirTemp("", "runner-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := writeNew(filepath.Join(dir, name), script); err != nil {
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

// throughScript runs a command line with its own arguments in it.
func throughScript(argv []string) string {
	words := make([]string, len(argv))
	for i, w := range argv {
		words[i] = quoted(w)
		if w == act.Arguments {
			words[i] = `"$@"`
		}
	}
	return "#!/bin/sh\nexec " + strings.Join(words, " ") + "\n"
}

// writeNew writes a script, unless something of that name is there.
func writeNew(file, text string) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		return err
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o777)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}
