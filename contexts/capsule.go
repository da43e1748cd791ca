package contexts

import (
	"reflect"

	"github.com/zclconf/go-cty/cty"

	"erg.build/erg/contexts/addr"
)

// Contexts, toolchains and libraries are opaque values: they can be passed
// where one is wanted, and nothing else can be done with them.
var (
	contextType   = cty.Capsule("context", reflect.TypeFor[addr.Context]())
	toolchainType = cty.Capsule("toolchain", reflect.TypeFor[addr.Toolchain]())
	libraryType   = cty.Capsule("library", reflect.TypeFor[libraryRef]())
)

func contextVal(c addr.Context) cty.Value     { return cty.CapsuleVal(contextType, &c) }
func toolchainVal(t addr.Toolchain) cty.Value { return cty.CapsuleVal(toolchainType, &t) }

// A libraryRef is what the value of a library stands for: a block of a build
// file, or a library that a package provides.
type libraryRef struct {
	target   addr.Target
	provided addr.Element
}

func libraryVal(l addr.Target) cty.Value {
	return cty.CapsuleVal(libraryType, &libraryRef{target: l})
}

// capsules returns the values of type T in a list, or in one value. ok is
// false when there is something else among them.
func capsules[T any](v cty.Value, ty cty.Type) (out []T, known, ok bool) {
	v, _ = v.UnmarkDeep()
	switch {
	case !v.IsKnown():
		return nil, false, true
	case v.IsNull():
		return nil, true, false
	case v.Type().Equals(ty):
		return []T{*v.EncapsulatedValue().(*T)}, true, true
	case !v.CanIterateElements():
		return nil, true, false
	}
	known, ok = true, true
	for it := v.ElementIterator(); it.Next(); {
		_, e := it.Element()
		switch {
		case !e.IsKnown():
			known = false
		case e.IsNull() || !e.Type().Equals(ty):
			ok = false
		default:
			out = append(out, *e.EncapsulatedValue().(*T))
		}
	}
	return out, known, ok
}
