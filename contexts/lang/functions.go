package lang

import (
	"maps"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// A FileSource is how the functions glob, file and fileset see source files.
// Names are slash-separated and relative to the directory whose expressions
// are evaluated. A FileSource records what it was asked, since the value of an
// expression depends on the answers.
type FileSource interface {
	// Glob returns the names of the source files that match a pattern.
	Glob(pattern string) ([]string, error)
	ReadFile(path string) ([]byte, error)
}

// Functions returns the functions that expressions may call, without those
// that see files if fs is nil. try and can are not among them: they are part
// of the evaluator. All functions are pure.
func Functions(fs FileSource) map[string]function.Function {
	funcs := maps.Clone(pureFunctions)
	if fs != nil {
		funcs["file"] = fileFunc(fs)
		funcs["fileset"] = filesetFunc(fs)
		funcs["glob"] = globFunc(fs)
	}
	return funcs
}

// pureFunctions are spelled as in Terraform where it has them, because that is
// what people who know HCL will try first.
var pureFunctions = map[string]function.Function{
	// Numbers.
	"abs":      stdlib.AbsoluteFunc,
	"ceil":     stdlib.CeilFunc,
	"floor":    stdlib.FloorFunc,
	"log":      stdlib.LogFunc,
	"max":      stdlib.MaxFunc,
	"min":      stdlib.MinFunc,
	"parseint": stdlib.ParseIntFunc,
	"pow":      stdlib.PowFunc,
	"signum":   stdlib.SignumFunc,
	"sum":      sumFunc,

	// Strings.
	"basename":         basenameFunc,
	"chomp":            stdlib.ChompFunc,
	"dirname":          dirnameFunc,
	"endswith":         endsWithFunc,
	"format":           stdlib.FormatFunc,
	"formatlist":       stdlib.FormatListFunc,
	"indent":           stdlib.IndentFunc,
	"join":             stdlib.JoinFunc,
	"lines":            linesFunc,
	"lower":            stdlib.LowerFunc,
	"regex":            stdlib.RegexFunc,
	"regexall":         stdlib.RegexAllFunc,
	"regexreplace":     stdlib.RegexReplaceFunc,
	"replace":          stdlib.ReplaceFunc,
	"split":            stdlib.SplitFunc,
	"startswith":       startsWithFunc,
	"strcontains":      strContainsFunc,
	"strlen":           stdlib.StrlenFunc,
	"strrev":           stdlib.ReverseFunc,
	"substr":           stdlib.SubstrFunc,
	"title":            stdlib.TitleFunc,
	"trim":             stdlib.TrimFunc,
	"trimprefix":       stdlib.TrimPrefixFunc,
	"trimspace":        stdlib.TrimSpaceFunc,
	"trimsuffix":       stdlib.TrimSuffixFunc,
	"upper":            stdlib.UpperFunc,
	"version_at_least": versionAtLeastFunc,
	"words":            wordsFunc,

	// Collections.
	"alltrue":                allTrueFunc,
	"anytrue":                anyTrueFunc,
	"chunklist":              stdlib.ChunklistFunc,
	"coalesce":               stdlib.CoalesceFunc,
	"coalescelist":           stdlib.CoalesceListFunc,
	"compact":                stdlib.CompactFunc,
	"concat":                 stdlib.ConcatFunc,
	"contains":               stdlib.ContainsFunc,
	"distinct":               stdlib.DistinctFunc,
	"element":                stdlib.ElementFunc,
	"flatten":                stdlib.FlattenFunc,
	"index":                  indexFunc,
	"keys":                   stdlib.KeysFunc,
	"length":                 lengthFunc,
	"lookup":                 lookupFunc,
	"merge":                  stdlib.MergeFunc,
	"one":                    oneFunc,
	"range":                  stdlib.RangeFunc,
	"reverse":                stdlib.ReverseListFunc,
	"setintersection":        stdlib.SetIntersectionFunc,
	"setproduct":             stdlib.SetProductFunc,
	"setsubtract":            stdlib.SetSubtractFunc,
	"setsymmetricdifference": stdlib.SetSymmetricDifferenceFunc,
	"setunion":               stdlib.SetUnionFunc,
	"slice":                  stdlib.SliceFunc,
	"sort":                   stdlib.SortFunc,
	"values":                 stdlib.ValuesFunc,
	"zipmap":                 stdlib.ZipmapFunc,

	// Conversions and encodings.
	"base64decode": base64DecodeFunc,
	"base64encode": base64EncodeFunc,
	"csvdecode":    stdlib.CSVDecodeFunc,
	"jsondecode":   stdlib.JSONDecodeFunc,
	"jsonencode":   stdlib.JSONEncodeFunc,
	"sha256":       sha256Func,
	"tobool":       stdlib.MakeToFunc(cty.Bool),
	"tolist":       stdlib.MakeToFunc(cty.List(cty.DynamicPseudoType)),
	"tomap":        stdlib.MakeToFunc(cty.Map(cty.DynamicPseudoType)),
	"tonumber":     stdlib.MakeToFunc(cty.Number),
	"toset":        stdlib.MakeToFunc(cty.Set(cty.DynamicPseudoType)),
	"tostring":     stdlib.MakeToFunc(cty.String),
}
