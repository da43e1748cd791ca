package rules

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/engine/action"
)

// configuratorFile is where programs that use dune-configurator look for what
// they must know of the compiler, below the directory that INSIDE_DUNE names.
const configuratorFile = ".dune/configurator.v2"

// configures gives a program of the tree what dune-configurator reads, if it
// uses that library. It asks about the compiler of the context that it runs
// for, which may be another than the one that it was linked by.
func (x *acting) configures(linked addr.Context, p string, at hcl.Range) error {
	m, err := x.r.makerOf(x.t, linked, p)
	if err != nil || m == nil {
		return err
	}
	u, err := x.r.unitQ.Get(x.t, m.key)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(closure(u.needs.deps), func(l *library) bool {
		return l.name == "dune-configurator" || l.public == "dune-configurator"
	}) {
		return nil
	}
	tc, err := x.toolchain(at)
	if err != nil {
		return err
	}
	var vars []string
	for _, n := range tc.ConfigNames() {
		vars = append(vars, csexpList(csexpAtom(n), csexpAtom(tc.Config(n))))
	}
	text := csexpList(csexpList(csexpAtom("ocamlc"), csexpAtom(tc.Tool("ocamlc"))), csexpList(csexpAtom("ocaml_config_vars"), csexpList(vars...)))
	file := path.Join(root(x.ctx), configuratorFile)
	k := key{ctx: x.ctx, index: -1, name: string(addr.BlockRule) + ".configurator"}
	if err := x.r.write(x.t, k, file, text); err != nil {
		return err
	}
	x.inputs.compiler(tc)
	x.inputs.add(file)
	x.inputs.setenv("INSIDE_DUNE", action.Abs(root(x.ctx)))
	return nil
}

// csexpList is a list as a canonical s-expression, of elements that are.
func csexpList(elements ...string) string { return "(" + strings.Join(elements, "") + ")" }

// csexpAtom is a text as a canonical s-expression.
func csexpAtom(s string) string { return strconv.Itoa(len(s)) + ":" + s }
