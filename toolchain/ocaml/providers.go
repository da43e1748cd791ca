package ocaml

import "erg.build/erg/engine/action"

// # Tools that a suite lacks
//
// ocamlc and ocamlopt make code for a machine; the other tools of a suite
// read and write OCaml, which is the same for all machines. So a cross
// compiler need not bring them: the suite of the context's host, whose
// programs run here anyway, stands in. What they make then is the very work
// that the host's own context has done, under the same key.

// Complete reports whether the suite lacks no tool that others could lend.
func (tc *Toolchain) Complete() bool {
	return tc.tools["ocamldep"] != "" && tc.tools["ocamllex"] != "" && tc.tools["ocamlyacc"] != ""
}

// provider returns the toolchain whose tool of that name serves the unit; nil
// when there is none.
func (b *builder) provider(tool string) *Toolchain {
	for _, tc := range []*Toolchain{b.tc, b.u.Host} {
		if tc != nil && tc.tools[tool] != "" {
			return tc
		}
	}
	return nil
}

// depender returns what answers for ocamldep: it reads the whole language, so
// the host's must be of the same version. A compiler can do it, too.
func (b *builder) depender() (*Toolchain, []string) {
	if from := b.provider("ocamldep"); from != nil && from.conf["version"] == b.tc.conf["version"] {
		return from, []string{from.tools["ocamldep"]}
	}
	return b.tc, []string{b.tc.tools["ocamlc"], "-depend"}
}

// specOf begins an action that another toolchain's tool may do: it is the
// same action as in a context with that toolchain.
func (b *builder) specOf(tc *Toolchain, name string) action.Spec {
	s := b.spec(name)
	if tc != b.tc {
		s.Env = tc.environ(b.u.Owner)
	}
	s.Tools = tc.used()
	return s
}

func (b *builder) lacks(tool string) string {
	s := b.tc.cfg.Address() + " has no " + tool
	switch {
	case b.u.Host == nil:
		return s + "; a host with an OCaml toolchain could lend its own"
	case b.u.Host != b.tc:
		return s + ", and neither has that of its host, " + b.u.Host.cfg.Address()
	}
	return s
}
