package contexts

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/engine"
	"erg.build/erg/toolchain"
)

// A Description says what a context is configured with, for plans and graphs.
type Description struct {
	Context    addr.Context
	Site       string
	Target     string       // the triplet; "" without a toolchain
	Host       addr.Context // itself when it names none
	Imports    []addr.Context
	Toolchains []DescribedToolchain
	// Deferred: a build has to tell which instances there are. Context is
	// without a key then, and Waits says for what the list waits.
	Deferred bool
	Waits    []string
}

// A DescribedToolchain is a toolchain of a context.
type DescribedToolchain struct {
	Address addr.Toolchain
	Version string // "gcc 14.2.0", "5.3.0"
	Target  string
}

// Describe lists the contexts for which want returns true, in the order of
// the workspace. What is wrong with one is reported as a diagnostic.
func (ev *Evaluator) Describe(t *engine.Task, want func(addr.Context) bool) ([]Description, error) {
	ws, err := ev.workspaceQ.Get(t, "")
	if err != nil {
		return nil, err
	}
	var out []Description
	for _, b := range ws.Contexts {
		in, err := ev.instancesQ.Get(t, addr.Context{Name: b.Name})
		if err != nil {
			return nil, err
		}
		if !in.known && want(addr.Context{Name: b.Name}) {
			out = append(out, Description{Context: addr.Context{Name: b.Name}, Site: site(b.Range), Deferred: true, Waits: in.waits})
		}
		for _, k := range in.keys {
			c := addr.Context{Name: b.Name, Key: k}
			if !want(c) {
				continue
			}
			d, err := ev.describe(t, c)
			if err != nil {
				return nil, err
			}
			d.Site = site(b.Range)
			out = append(out, *d)
		}
	}
	return out, nil
}

func (ev *Evaluator) describe(t *engine.Task, c addr.Context) (*Description, error) {
	d := &Description{Context: c}
	var err error
	if d.Host, err = ev.hostQ.Get(t, attrKey{c, "host"}); err != nil {
		return nil, err
	}
	if d.Imports, err = ev.importsQ.Get(t, attrKey{c, "imports"}); err != nil {
		return nil, err
	}
	tcs, err := ev.toolchainsQ.Get(t, attrKey{c, "toolchains"})
	if err != nil {
		return nil, err
	}
	for _, a := range tcs {
		tc, err := ev.toolchainQ.Get(t, a)
		if errors.As(err, new(*notYet)) {
			d.Toolchains = append(d.Toolchains, DescribedToolchain{Address: a, Version: "known after build"})
			continue
		}
		if err != nil {
			return nil, err
		}
		d.Toolchains = append(d.Toolchains, DescribedToolchain{Address: a, Version: toolchainVersion(tc), Target: tc.Target()})
	}
	slices.SortFunc(d.Toolchains, func(a, b DescribedToolchain) int {
		return cmp.Compare(slices.Index(toolchainKinds, a.Address.Kind), slices.Index(toolchainKinds, b.Address.Kind))
	})
	if len(d.Toolchains) > 0 {
		d.Target = d.Toolchains[0].Target
	}
	return d, nil
}

// toolchainVersion is how people name what a toolchain is: "gcc 14.2.0".
func toolchainVersion(tc toolchain.Toolchain) string {
	text := ""
	for _, name := range []string{"family", "version"} {
		if v := tc.Facts()[name]; v != cty.NilVal && v.Type() == cty.String {
			text += " " + v.AsString()
		}
	}
	return strings.TrimPrefix(text, " ")
}
