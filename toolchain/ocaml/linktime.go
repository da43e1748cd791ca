package ocaml

import (
	"path"
	"slices"
	"strings"

	"erg.build/erg/engine/action"
)

// A LinkModule is a module of a library whose code each program has of its own:
// the library has the interface and nothing else, since what is in the module
// depends on what it is linked with.
type LinkModule struct {
	Library *Library // that it is linked before
	// After says that it is linked right after the library, which has no
	// interface of it.
	After bool
	// Whole says that programs are linked with all of their libraries
	// (-linkall), for who is loaded while they run.
	Whole  bool
	Object string // "dune_site__Dune_site_data", as the library names it
	Text   string
}

// Whole reports whether programs of the unit are linked with all of their
// libraries.
func (u *Unit) Whole() bool {
	return slices.Contains(u.LinkFlags, "-linkall") || slices.ContainsFunc(u.LinkModules, func(m LinkModule) bool { return m.Whole })
}

// linkSource is where the code of such a module is written.
func (b *builder) linkSource(m LinkModule) string {
	return path.Join(b.at.alias, m.Object+".ml-gen")
}

// linkObjects are what linking it takes.
func (b *builder) linkObjects(m LinkModule, mode Mode) []string {
	if mode == Native {
		base := path.Join(b.at.native, m.Object)
		return []string{base + ".cmx", base + b.tc.objectExt()}
	}
	return []string{path.Join(b.at.objects, m.Object+".cmo")}
}

// compileLinkModules defines how they are written and compiled: against the
// interface that the library has.
func (b *builder) compileLinkModules() error {
	for _, m := range b.u.LinkModules {
		src := b.linkSource(m)
		if err := b.write(src, m.Text); err != nil {
			return err
		}
		for _, mode := range b.modes {
			if err := b.t.Define(b.linkModule(m, src, mode)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (b *builder) linkModule(m LinkModule, src string, mode Mode) action.Spec {
	s := b.compilation(mode, src)
	s.Argv = append(s.Argv, b.baseFlags(mode)...)
	s.Argv = append(s.Argv, "-w", "-a")
	libs := Libraries([]*Library{m.Library})
	for i := len(libs) - 1; i >= 0; i-- {
		l := libs[i]
		s.Argv = b.include(s.Argv, "-I", l.Dir)
		if mode == Native && l.Native != l.Dir && l.Native != "" {
			s.Argv = b.include(s.Argv, "-I", l.Native)
		}
		s.Inputs = append(s.Inputs, l.interfaces()...)
		if mode == Native && !b.opaque() && !l.Opaque {
			s.Inputs = append(s.Inputs, l.code()...)
		}
		s.Tools = withTools(s.Tools, l.Tools)
	}
	s.Outputs = b.linkObjects(m, mode)
	if m.After {
		s.Argv = append(s.Argv, b.tc.standardFlags(m.Library.standard())...)
		s.Argv = append(s.Argv, "-o", action.Ref(s.Outputs[0]), "-impl", action.Ref(src))
		s.Outputs = append(s.Outputs, strings.TrimSuffix(s.Outputs[0], path.Ext(s.Outputs[0]))+".cmi")
		return s
	}
	// There is an interface, says the suffix: see the top of compile.go.
	s.Argv = append(s.Argv, "-intf-suffix", path.Ext(src), "-o", action.Ref(s.Outputs[0]), "-impl", action.Ref(src))
	return s
}

// standard are the compiler's own libraries that a library needs.
func (l *Library) standard() []string {
	var out []string
	for _, d := range Libraries([]*Library{l}) {
		out = append(out, d.Standard...)
	}
	return standardClosure(out)
}

// beside returns the objects that are linked before a library, or after it.
func (b *builder) beside(l *Library, after bool, mode Mode) []string {
	var out []string
	for _, m := range b.u.LinkModules {
		if m.Library == l && m.After == after {
			out = append(out, b.linkObjects(m, mode)...)
		}
	}
	return out
}
