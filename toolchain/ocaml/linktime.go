package ocaml

import (
	"path"

	"erg.build/erg/engine/action"
)

// A LinkModule is a module of a library whose code each program has of its own:
// the library has the interface and nothing else, since what is in the module
// depends on what it is linked with.
type LinkModule struct {
	Library *Library // that it is linked before
	Object  string   // "dune_site__Dune_site_data", as the library names it
	Text    string
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
	// There is an interface, says the suffix: see the top of compile.go.
	s.Argv = append(s.Argv, "-intf-suffix", path.Ext(src), "-o", action.Ref(s.Outputs[0]), "-impl", action.Ref(src))
	return s
}

// before returns the objects that are linked before a library.
func (b *builder) before(l *Library, mode Mode) []string {
	var out []string
	for _, m := range b.u.LinkModules {
		if m.Library == l {
			out = append(out, b.linkObjects(m, mode)...)
		}
	}
	return out
}
