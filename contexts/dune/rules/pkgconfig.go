package rules

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"erg.build/erg/contexts/dune"
	"erg.build/erg/engine/action"
	"erg.build/erg/toolchain"
)

// pkgConfigVars are the variables that pkg-config looks at, and PKG_CONFIG
// and PKG_CONFIG_ARGN which say how it is called.
var pkgConfigVars = []string{"PKG_CONFIG_PATH", "PKG_CONFIG_LIBDIR", "PKG_CONFIG_SYSROOT_DIR", "PKG_CONFIG_ALLOW_SYSTEM_CFLAGS", "PKG_CONFIG_ALLOW_SYSTEM_LIBS"}

// pkgConfig asks pkg-config for flags of a C library. Where there is no
// pkg-config, they are guessed, as dune does.
func (x *expander) pkgConfig(what string, name dune.Text) ([]string, error) {
	program := x.variable("PKG_CONFIG")
	if program == "" {
		program = "pkg-config"
	}
	p := program
	if !path.IsAbs(p) {
		var err error
		if p, err = x.r.onPath(x.t, x.ctx, program); err != nil {
			return nil, err
		}
	}
	if p == "" {
		if what == "--libs" {
			return []string{"-l" + name.Value}, nil
		}
		return []string{"-I/usr/include"}, nil
	}
	id, err := x.t.FileDigest(p)
	if err != nil {
		return nil, err
	}
	q := &pkgConfigQuery{x: x, program: p, tools: []action.Tool{{Name: path.Base(p), Identity: id}}, env: map[string]string{"PATH": searchPath}}
	for _, n := range pkgConfigVars {
		if v := x.variable(n); v != "" {
			q.env[n] = v
		}
	}
	dirs, err := q.ask("--variable=pc_path", "pkg-config")
	if err != nil {
		return nil, errorAt(name.Range, "pkg-config failed", "%s", err)
	}
	search := path.Clean(q.env["PKG_CONFIG_PATH"]) + ":" + strings.TrimSpace(dirs)
	if v := q.env["PKG_CONFIG_LIBDIR"]; v != "" {
		search = q.env["PKG_CONFIG_PATH"] + ":" + v
	}
	if err := q.describe(strings.Split(search, ":"), name.Value); err != nil {
		return nil, err
	}
	out, err := q.ask(append(strings.Fields(x.variable("PKG_CONFIG_ARGN")), what, name.Value)...)
	if err != nil {
		return nil, errorAt(name.Range, "pkg-config failed", "pkg-config does not know the library %q: %s", name, err)
	}
	line, _, _ := strings.Cut(out, "\n")
	return strings.Fields(line), nil
}

// variable is one of the environment: the context's, or else that of whoever
// runs erg.
func (x *expander) variable(name string) string {
	if env, err := x.r.w.Env(x.t, x.ctx); err == nil {
		if v, ok := env.Vars[name]; ok {
			return v
		}
	}
	return x.t.Getenv(name)
}

// A pkgConfigQuery is questions to pkg-config, whose answers hold while the
// files that describe the library are the same.
type pkgConfigQuery struct {
	x       *expander
	program string
	tools   []action.Tool
	env     map[string]string
	seen    []string
}

func (q *pkgConfigQuery) ask(args ...string) (string, error) {
	out, err := q.x.t.Probe(action.Spec{Name: "pkg-config " + strings.Join(args, " "), Argv: append([]string{q.program}, args...), Tools: slices.Clone(q.tools),
		Env: toolchain.Environ(q.env)})
	return string(out), err
}

// describe finds the file that describes a library, and those of what it requires.
func (q *pkgConfigQuery) describe(search []string, name string) error {
	if slices.Contains(q.seen, name) {
		return nil
	}
	q.seen = append(q.seen, name)
	for _, dir := range search {
		if !path.IsAbs(dir) {
			continue
		}
		text, err := q.x.t.ReadFile(path.Join(dir, name+".pc"))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		id, err := q.x.t.FileDigest(path.Join(dir, name+".pc"))
		if err != nil {
			return err
		}
		q.tools = append(q.tools, action.Tool{Name: name + ".pc", Identity: id})
		for line := range strings.Lines(string(text)) {
			field, value, _ := strings.Cut(line, ":")
			if field != "Requires" && field != "Requires.private" {
				continue
			}
			for _, r := range strings.FieldsFunc(value, func(c rune) bool { return c == ',' || c <= ' ' }) {
				if err := q.describe(search, r); err != nil {
					return err
				}
			}
		}
		return nil
	}
	return nil
}
