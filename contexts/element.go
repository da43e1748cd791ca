package contexts

import (
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/lang"
	"erg.build/erg/engine"
)

// element evaluates a public element of a context, which checkElement found
// to exist.
func (ev *Evaluator) element(t *engine.Task, el addr.Element) (cty.Value, error) {
	switch el.Kind {
	case addr.KindSettings:
		return ev.setting(t, el)
	case addr.KindOutput:
		return ev.output(t, el)
	case addr.KindTarget:
		return ev.targetFact(t, el.Context)
	case addr.KindToolchain:
		return ev.toolchainFacts(t, el)
	case addr.KindPrefix:
		return ev.prefixOf(t, el)
	case addr.KindLib:
		if ok, err := ev.providesLibrary(t, el); ok || err != nil {
			return providedLibVal(el), err
		}
		pub, err := ev.publicQ.Get(t, el.Context)
		if err != nil {
			return cty.DynamicVal, err
		}
		return libraryVal(pub.libs[el.Name].addr()), nil
	}
	if val, ok, err := ev.providedFile(t, el); ok || err != nil {
		return val, err
	}
	pub, err := ev.publicQ.Get(t, el.Context)
	if err != nil {
		return cty.DynamicVal, err
	}
	switch el.Kind {
	case addr.KindBin:
		p, err := ev.builtProgram(t, pub.bins[el.Name], el.Name)
		if err != nil {
			return cty.UnknownVal(cty.String), err
		}
		return p.val(), nil
	case addr.KindShare:
		return ev.installed(t, pub.shares[el.Name], "share/"+el.Name)
	}
	return ev.publicFile(t, pub, el)
}

// checkElement judges whether there is such an element, so that the error
// points at the reference.
func (ev *Evaluator) checkElement(t *engine.Task, el addr.Element, ref lang.Ref, n int) hcl.Diagnostics {
	var absent absence = func(what string, names []string) hcl.Diagnostics {
		summary := "No such " + strings.TrimSuffix(what, " of kind")
		return errorAt(ref.RangeOf(n), summary, "Context %s has no %s %q.%s", el.Context, what, el.Name, didYouMean(el.Name, names))
	}
	switch el.Kind {
	case addr.KindOutput:
		d, err := ev.definition(t, el.Context)
		if err != nil {
			return ev.diagnose(err, ref.Range, "Invalid context")
		}
		if _, def := ev.findOutput(d, el.Name); def != nil {
			return nil
		}
		var names []string
		for _, def := range ev.chain(d) {
			for _, o := range def.Outputs {
				names = append(names, o.Name)
			}
		}
		return absent("output", names)
	case addr.KindSettings:
		if el.Name == "" {
			return nil
		}
		names, err := ev.settingNames(t, el.Context)
		if err != nil {
			return ev.diagnose(err, ref.Range, "Invalid settings")
		}
		if !contains(names, el.Name) {
			return absent("setting", names)
		}
		return nil
	case addr.KindTarget:
		return nil
	case addr.KindToolchain:
		tcs, err := ev.toolchainsQ.Get(t, attrKey{el.Context, "toolchains"})
		if err != nil {
			return ev.diagnose(err, ref.Range, "Invalid toolchains")
		}
		if _, ok := tcs[el.Name]; !ok {
			var names []string
			for k := range tcs {
				names = append(names, k)
			}
			return absent("toolchain of kind", names)
		}
		return nil
	case addr.KindPrefix:
		return ev.checkPackage(t, el, ref, absent)
	}
	return ev.checkPublic(t, el, ref, absent)
}

// An absence is the error for an element that is not there, which names those
// that are.
type absence func(what string, names []string) hcl.Diagnostics

// checkPublic judges whether build files or packages make an element public.
func (ev *Evaluator) checkPublic(t *engine.Task, el addr.Element, ref lang.Ref, absent absence) hcl.Diagnostics {
	provided, err := ev.provider(t, el)
	if err != nil {
		return ev.diagnose(err, ref.Range, "Invalid context")
	}
	if provided.has(el) {
		return nil
	}
	pub, err := ev.publicQ.Get(t, el.Context)
	if err != nil {
		return ev.diagnose(err, ref.Range, "Invalid context")
	}
	switch el.Kind {
	case addr.KindBin:
		return pub.check(pub.bins, el.Name, func() hcl.Diagnostics {
			return absent("public program", append(keys(pub.bins), ev.providedNames(t, el)...))
		}, ref.Range)
	case addr.KindLib:
		return pub.check(pub.libs, el.Name, func() hcl.Diagnostics {
			return absent("public library", append(keys(pub.libs), ev.providedNames(t, el)...))
		}, ref.Range)
	case addr.KindShare:
		return pub.check(pub.shares, el.Name, func() hcl.Diagnostics {
			return absent("shared file", append(keys(pub.shares), ev.providedNames(t, el)...))
		}, ref.Range)
	}
	if pub.files[el.Name] == nil {
		if p, err := ev.duneFile(t, el); err != nil {
			return ev.diagnose(err, ref.Range, "Invalid file")
		} else if p != "" {
			return nil
		}
	}
	return pub.check(pub.files, el.Name, func() hcl.Diagnostics {
		return absent("public file", append(keys(pub.files), ev.providedNames(t, el)...))
	}, ref.Range)
}

func contains(names []string, name string) bool {
	for _, n := range names {
		if n == name {
			return true
		}
	}
	return false
}

func keys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	return out
}
