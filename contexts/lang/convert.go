package lang

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// Convert converts a value to a type. what names the value for people, as in
// "the default of variable \"board\"". After an error the value is an unknown
// of the type.
func Convert(val cty.Value, ty cty.Type, subject hcl.Range, what string) (cty.Value, hcl.Diagnostics) {
	res, err := convert.Convert(orDynamic(val), ty)
	if err == nil {
		return res, nil
	}
	return cty.UnknownVal(ty.WithoutOptionalAttributesDeep()), unsuitable(subject, what, pathText(err)+err.Error())
}

// pathText says which part of a value an error is about: "in [1].name, ".
func pathText(err error) string {
	var pe cty.PathError
	if !errors.As(err, &pe) || len(pe.Path) == 0 {
		return ""
	}
	var b strings.Builder
	for _, step := range pe.Path {
		switch s := step.(type) {
		case cty.GetAttrStep:
			b.WriteString("." + s.Name)
		case cty.IndexStep:
			if text, ok := keyText(s.Key); ok && s.Key.Type() == cty.String {
				fmt.Fprintf(&b, "[%q]", text)
			} else if ok {
				fmt.Fprintf(&b, "[%s]", text)
			}
		}
	}
	return "in " + b.String() + ", "
}

func unsuitable(subject hcl.Range, what, why string) hcl.Diagnostics {
	return hcl.Diagnostics{{
		Severity: hcl.DiagError,
		Summary:  "Unsuitable value",
		Detail:   fmt.Sprintf("Unsuitable value for %s: %s.", what, why),
		Subject:  subject.Ptr(),
	}}
}

// A Native is a value as Go sees it, apart from its marks.
type Native[T any] struct {
	Value T
	Known bool           // false too after an error
	Marks cty.ValueMarks // of the value and all parts of it
}

// native converts val and, if it is known, decodes it.
func native[T any](val cty.Value, ty cty.Type, subject hcl.Range, what string, decode func(cty.Value) (T, error)) (Native[T], hcl.Diagnostics) {
	val, diags := Convert(val, ty, subject, what)
	bare, marks := val.UnmarkDeep()
	n := Native[T]{Marks: marks}
	switch {
	case diags.HasErrors():
		return n, diags
	case bare.IsNull():
		return n, unsuitable(subject, what, "it must not be null")
	case !bare.IsWhollyKnown():
		return n, nil
	}
	res, err := decode(bare)
	if err != nil {
		return n, unsuitable(subject, what, err.Error())
	}
	n.Value, n.Known = res, true
	return n, nil
}

// String returns a value as a string.
func String(val cty.Value, subject hcl.Range, what string) (Native[string], hcl.Diagnostics) {
	return native(val, cty.String, subject, what, func(v cty.Value) (string, error) { return v.AsString(), nil })
}

// Bool returns a value as a bool.
func Bool(val cty.Value, subject hcl.Range, what string) (Native[bool], hcl.Diagnostics) {
	return native(val, cty.Bool, subject, what, func(v cty.Value) (bool, error) { return v.True(), nil })
}

// Int returns a whole number.
func Int(val cty.Value, subject hcl.Range, what string) (Native[int64], hcl.Diagnostics) {
	return native(val, cty.Number, subject, what, func(v cty.Value) (int64, error) {
		f := v.AsBigFloat()
		n, acc := f.Int64()
		if !f.IsInt() || acc != 0 {
			return 0, fmt.Errorf("a whole number is required")
		}
		return n, nil
	})
}

// Duration returns a value as a duration: a string such as "90s" or "2m", or a
// number of seconds. It is never negative.
func Duration(val cty.Value, subject hcl.Range, what string) (Native[time.Duration], hcl.Diagnostics) {
	return native(val, cty.String, subject, what, func(v cty.Value) (time.Duration, error) {
		s := v.AsString()
		if _, err := convert.Convert(v, cty.Number); err == nil {
			s += "s"
		}
		d, err := time.ParseDuration(s)
		if err != nil || d < 0 {
			return 0, fmt.Errorf("%q is not a duration; write \"90s\" or \"2m\", or a number of seconds", v.AsString())
		}
		return d, nil
	})
}

// StringList returns a list, tuple or set of strings.
func StringList(val cty.Value, subject hcl.Range, what string) (Native[[]string], hcl.Diagnostics) {
	return native(val, cty.List(cty.String), subject, what, func(v cty.Value) ([]string, error) {
		list := make([]string, 0, v.LengthInt())
		for it := v.ElementIterator(); it.Next(); {
			i, elem := it.Element()
			if elem.IsNull() {
				text, _ := keyText(i)
				return nil, fmt.Errorf("element %s must not be null", text)
			}
			list = append(list, elem.AsString())
		}
		return list, nil
	})
}

// StringMap returns a map or object of strings. Entries that are null are left
// out: that is how to unset one.
func StringMap(val cty.Value, subject hcl.Range, what string) (Native[map[string]string], hcl.Diagnostics) {
	return native(val, cty.Map(cty.String), subject, what, func(v cty.Value) (map[string]string, error) {
		m := make(map[string]string, v.LengthInt())
		for it := v.ElementIterator(); it.Next(); {
			k, elem := it.Element()
			if !elem.IsNull() {
				m[k.AsString()] = elem.AsString()
			}
		}
		return m, nil
	})
}

// Strings returns the elements of a list, tuple or set one by one, each with
// its own marks: an argument vector in which some arguments are files. The
// list is known as soon as its length is; elements may be unknown still.
func Strings(val cty.Value, subject hcl.Range, what string) (Native[[]Native[string]], hcl.Diagnostics) {
	val, diags := Convert(val, cty.List(cty.String), subject, what)
	list, marks := val.Unmark()
	n := Native[[]Native[string]]{Marks: marks}
	switch {
	case diags.HasErrors():
		return n, diags
	case list.IsNull():
		return n, unsuitable(subject, what, "it must not be null")
	case !list.IsKnown():
		return n, nil
	}
	n.Known = true
	n.Value = make([]Native[string], 0, list.LengthInt())
	for it := list.ElementIterator(); it.Next(); {
		i, elem := it.Element()
		text, _ := keyText(i)
		s, more := String(elem, subject, fmt.Sprintf("element %s of %s", text, what))
		n.Value, diags = append(n.Value, s), append(diags, more...)
	}
	return n, diags
}
