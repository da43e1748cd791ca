// Package merlin speaks the protocol in which OCaml's editors ask a build
// system how sources are compiled: canonical s-expressions on standard input
// and output. (File PATH) asks for the settings of a file, and the answer is
// a list of directives, as in merlin's own .merlin files; Halt ends it.
package merlin

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"erg.build/erg/contexts/dune/rules"
	"erg.build/erg/engine/action"
)

// A Server answers the questions of one editor.
type Server struct {
	Root string // the workspace, absolute and free of symbolic links
	Dir  string // what paths in questions are relative to, likewise
	// Ask returns the settings of a source, by its path in the workspace; nil
	// if no stanza has it as a module.
	Ask func(ctx context.Context, file string) (*rules.Editing, error)
}

// Serve answers until it is told to stop or there is nothing more to read.
func (s *Server) Serve(ctx context.Context, in io.Reader, out io.Writer) error {
	r := bufio.NewReader(in)
	for {
		q, err := read(r)
		switch {
		case err == io.EOF, ctx.Err() != nil:
			return nil
		case err != nil:
			return fmt.Errorf("read what the editor asks: %w", err)
		case q.leaf && q.atom == "Halt":
			return nil
		}
		if _, err := out.Write(s.answer(ctx, q).append(nil)); err != nil {
			return fmt.Errorf("answer the editor: %w", err)
		}
	}
}

func failure(format string, args ...any) sexp {
	return list(tag("ERROR", atom(fmt.Sprintf(format, args...))))
}

func (s *Server) answer(ctx context.Context, q sexp) sexp {
	if len(q.list) != 2 || !q.list[0].leaf || q.list[0].atom != "File" || !q.list[1].leaf {
		return failure("Bad input: %s", q.append(nil))
	}
	name := q.list[1].atom
	file, ok := s.inWorkspace(name)
	if !ok {
		return failure("Path %s is not in the workspace (%s).", name, s.Root)
	}
	e, err := s.Ask(ctx, file)
	if err != nil {
		return failure("%s", strings.TrimSpace(err.Error()))
	}
	if e != nil {
		if m := e.Module(file); m != nil {
			return s.directives(e, m, file)
		}
	}
	return failure("No library, program or test of a dune file has %s as a module.", file)
}

// inWorkspace turns a path of a question into one of the tree: a file below
// the directory of a context's outputs is meant as the source of its name.
func (s *Server) inWorkspace(name string) (string, bool) {
	if !filepath.IsAbs(name) {
		name = filepath.Join(s.Dir, name)
	}
	rel, ok := relative(s.Root, filepath.Clean(name))
	if !ok {
		// Editors may reach the workspace through a symbolic link.
		dir, err := filepath.EvalSymlinks(filepath.Dir(name))
		if err != nil {
			return "", false
		}
		if rel, ok = relative(s.Root, filepath.Join(dir, filepath.Base(name))); !ok {
			return "", false
		}
	}
	if action.IsOutput(rel) {
		_, rel = action.RootOf(rel)
	}
	return rel, true
}

func relative(root, name string) (string, bool) {
	rel, err := filepath.Rel(root, name)
	if err != nil || rel == "." || rel == ".." || strings.HasPrefix(rel, "../") {
		return "", false
	}
	return filepath.ToSlash(rel), true
}

// directives are the settings of a module for one of its files.
func (s *Server) directives(e *rules.Editing, m *rules.EditedModule, file string) sexp {
	out := []sexp{
		tag("STDLIB", atom(e.Standard)),
		tag("SOURCE_ROOT", atom(s.Root)),
		list(atom("EXCLUDE_QUERY_DIR")),
	}
	for _, group := range []struct {
		tag  string
		dirs []string
	}{{"B", e.Objects}, {"S", e.Sources}, {"BH", e.HiddenObjects}, {"SH", e.HiddenSources}} {
		for _, d := range group.dirs {
			out = append(out, tag(group.tag, atom(s.abs(d))))
		}
	}
	flags := func(words ...string) {
		if len(words) > 0 {
			out = append(out, tag("FLG", atoms(words)))
		}
	}
	// The order is that of the compiler's command line.
	var own []string
	for _, f := range e.Flags {
		own = append(own, s.expand(f))
	}
	flags(own...)
	if len(m.Rewriter) > 0 {
		flag := "-pp"
		if m.Ppx {
			flag = "-ppx"
		}
		flags(flag, s.command(m.Rewriter))
	}
	var open []string
	for _, name := range m.Open {
		open = append(open, "-open", name)
	}
	flags(open...)
	out = append(out, tag("UNIT_NAME", atom(m.Unit)))
	for _, pair := range e.Suffixes {
		out = append(out, tag("SUFFIX", atom(pair)))
	}
	if reader := e.Reader(m, file); reader != nil {
		out = append(out, tag("READER", atoms(reader)))
	}
	return list(out...)
}

// abs is the absolute path of a directory.
func (s *Server) abs(p string) string {
	if filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(s.Root, filepath.FromSlash(p))
}

// expand replaces the tokens of a word by paths.
func (s *Server) expand(word string) string {
	return action.Expand(word, func(p string, _ bool) string { return s.abs(p) })
}

// command is the command line for a shell, as editors run preprocessors.
func (s *Server) command(argv []string) string {
	var words []string
	for _, a := range argv {
		words = append(words, quote(s.expand(a)))
	}
	return strings.Join(words, " ")
}

// quote quotes a word for a shell where that is needed.
func quote(w string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:,=+@%^", r)
	}
	if w != "" && strings.IndexFunc(w, func(r rune) bool { return !plain(r) }) < 0 {
		return w
	}
	return "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
}
