package lang

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// stringFunc makes a function from strings to something.
func stringFunc(ret cty.Type, impl func(args []string) (cty.Value, error), params ...string) function.Function {
	spec := &function.Spec{
		Type:         function.StaticReturnType(ret),
		RefineResult: func(b *cty.RefinementBuilder) *cty.RefinementBuilder { return b.NotNull() },
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			strs := make([]string, len(args))
			for i, a := range args {
				strs[i] = a.AsString()
			}
			return impl(strs)
		},
	}
	for _, p := range params {
		spec.Params = append(spec.Params, function.Parameter{Name: p, Type: cty.String})
	}
	return function.New(spec)
}

var basenameFunc = stringFunc(cty.String, func(a []string) (cty.Value, error) {
	return cty.StringVal(path.Base(a[0])), nil
}, "path")

var dirnameFunc = stringFunc(cty.String, func(a []string) (cty.Value, error) {
	return cty.StringVal(path.Dir(a[0])), nil
}, "path")

var startsWithFunc = stringFunc(cty.Bool, func(a []string) (cty.Value, error) {
	return cty.BoolVal(strings.HasPrefix(a[0], a[1])), nil
}, "str", "prefix")

var endsWithFunc = stringFunc(cty.Bool, func(a []string) (cty.Value, error) {
	return cty.BoolVal(strings.HasSuffix(a[0], a[1])), nil
}, "str", "suffix")

var strContainsFunc = stringFunc(cty.Bool, func(a []string) (cty.Value, error) {
	return cty.BoolVal(strings.Contains(a[0], a[1])), nil
}, "str", "substr")

// linesFunc reads a text as an output's parse = "lines" does: carriage returns
// are dropped, and the last newline ends a line and starts none.
var linesFunc = stringFunc(cty.List(cty.String), func(a []string) (cty.Value, error) {
	return stringList(Lines(a[0])), nil
}, "str")

var wordsFunc = stringFunc(cty.List(cty.String), func(a []string) (cty.Value, error) {
	return stringList(strings.Fields(a[0])), nil
}, "str")

// Lines splits a text into lines. Carriage returns before newlines are
// dropped, and one newline at the end.
func Lines(s string) []string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	s = strings.TrimSuffix(s, "\n")
	if s == "" {
		return nil
	}
	return strings.Split(s, "\n")
}

func stringList(strs []string) cty.Value {
	if len(strs) == 0 {
		return cty.ListValEmpty(cty.String)
	}
	vals := make([]cty.Value, len(strs))
	for i, s := range strs {
		vals[i] = cty.StringVal(s)
	}
	return cty.ListVal(vals)
}

var base64EncodeFunc = stringFunc(cty.String, func(a []string) (cty.Value, error) {
	return cty.StringVal(base64.StdEncoding.EncodeToString([]byte(a[0]))), nil
}, "str")

var base64DecodeFunc = stringFunc(cty.String, func(a []string) (cty.Value, error) {
	b, err := base64.StdEncoding.DecodeString(a[0])
	if err != nil {
		return cty.UnknownVal(cty.String), function.NewArgErrorf(0, "this is not base64: %s", err)
	}
	if !utf8.Valid(b) {
		return cty.UnknownVal(cty.String), function.NewArgErrorf(0, "what it encodes is not text in UTF-8")
	}
	return cty.StringVal(string(b)), nil
}, "str")

var sha256Func = stringFunc(cty.String, func(a []string) (cty.Value, error) {
	sum := sha256.Sum256([]byte(a[0]))
	return cty.StringVal(hex.EncodeToString(sum[:])), nil
}, "str")

var versionAtLeastFunc = stringFunc(cty.Bool, func(a []string) (cty.Value, error) {
	have, err := parseVersion(a[0])
	if err != nil {
		return cty.UnknownVal(cty.Bool), function.NewArgError(0, err)
	}
	want, err := parseVersion(a[1])
	if err != nil {
		return cty.UnknownVal(cty.Bool), function.NewArgError(1, err)
	}
	return cty.BoolVal(have.compare(want) >= 0), nil
}, "version", "min")

// A version is dotted numbers and perhaps the name of a pre-release.
type version struct {
	nums []string // decimal, without leading zeros
	pre  []string // of 5.3.0~beta2 or 5.3.0-beta.2; empty for a release
}

// parseVersion reads versions as compilers print them: 13.2.0, v1.2,
// 5.3.0~alpha1, 5.3.0+options. What follows a plus does not count.
func parseVersion(s string) (version, error) {
	core, _, _ := strings.Cut(strings.TrimPrefix(s, "v"), "+")
	var v version
	if i := strings.IndexAny(core, "-~"); i >= 0 {
		v.pre = identifiers(core[i+1:])
		core = core[:i]
	}
	for num := range strings.SplitSeq(core, ".") {
		if num == "" || strings.Trim(num, "0123456789") != "" {
			return version{}, fmt.Errorf("%q is not a version, such as 5.3.0", s)
		}
		v.nums = append(v.nums, strings.TrimLeft(num, "0"))
	}
	return v, nil
}

// identifiers splits beta.2 and beta2 alike: into beta and 2.
func identifiers(s string) []string {
	var ids []string
	for part := range strings.FieldsFuncSeq(s, func(r rune) bool { return r == '.' || r == '-' || r == '~' }) {
		if i := strings.IndexAny(part, "0123456789"); i > 0 {
			ids = append(ids, part[:i])
			part = part[i:]
		}
		ids = append(ids, part)
	}
	return ids
}

func (v version) compare(w version) int {
	for i := range max(len(v.nums), len(w.nums)) {
		if c := compareNumbers(at(v.nums, i), at(w.nums, i)); c != 0 {
			return c
		}
	}
	switch {
	case len(v.pre) == 0 && len(w.pre) == 0:
		return 0
	case len(v.pre) == 0:
		return 1 // a release comes after its pre-releases
	case len(w.pre) == 0:
		return -1
	}
	for i := range max(len(v.pre), len(w.pre)) {
		a, b := at(v.pre, i), at(w.pre, i)
		if isNumber(a) && isNumber(b) {
			if c := compareNumbers(strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")); c != 0 {
				return c
			}
		} else if c := strings.Compare(a, b); c != 0 {
			return c
		}
	}
	return 0
}

// compareNumbers compares decimal numbers of any size without leading zeros.
func compareNumbers(a, b string) int {
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	return strings.Compare(a, b)
}

func isNumber(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

func at(list []string, i int) string {
	if i < len(list) {
		return list[i]
	}
	return ""
}
