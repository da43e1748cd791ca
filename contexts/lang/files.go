package lang

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"golang.org/x/text/unicode/norm"
)

// glob(pattern…) lists source files, sorted.
func globFunc(fs FileSource) function.Function {
	return function.New(&function.Spec{
		VarParam: &function.Parameter{Name: "pattern", Type: cty.String},
		Type:     function.StaticReturnType(cty.List(cty.String)),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			var names []string
			for i, a := range args {
				found, err := glob(fs, a.AsString(), i)
				if err != nil {
					return cty.UnknownVal(cty.List(cty.String)), err
				}
				names = append(names, found...)
			}
			slices.Sort(names)
			return stringList(slices.Compact(names)), nil
		},
	})
}

func glob(fs FileSource, pattern string, arg int) ([]string, error) {
	names, err := fs.Glob(pattern)
	if err != nil {
		return nil, function.NewArgError(arg, err)
	}
	for _, n := range names {
		// A string value is in normalization form C always, so a name
		// that is not would turn into one that no file has.
		if !utf8.ValidString(n) || !norm.NFC.IsNormalString(n) {
			return nil, function.NewArgErrorf(arg, "the name of the file %q is not UTF-8 in normalization form C; rename it", n)
		}
	}
	return names, nil
}

// fileset(dir, pattern) is the set of the files below dir that match, relative
// to dir.
func filesetFunc(fs FileSource) function.Function {
	ret := cty.Set(cty.String)
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "dir", Type: cty.String}, {Name: "pattern", Type: cty.String}},
		Type:   function.StaticReturnType(ret),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			dir := strings.Trim(args[0].AsString(), "/")
			prefix := ""
			if dir != "" && dir != "." {
				prefix = dir + "/"
			}
			names, err := glob(fs, prefix+args[1].AsString(), 1)
			if err != nil {
				return cty.UnknownVal(ret), err
			}
			vals := make([]cty.Value, len(names))
			for i, n := range names {
				vals[i] = cty.StringVal(strings.TrimPrefix(n, prefix))
			}
			if len(vals) == 0 {
				return cty.SetValEmpty(cty.String), nil
			}
			return cty.SetVal(vals), nil
		},
	})
}

// file(path) is the content of a source file.
func fileFunc(fs FileSource) function.Function {
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "path", Type: cty.String, AllowMarked: true}},
		Type:   function.StaticReturnType(cty.String),
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			name, marks := args[0].Unmark()
			if made := FilesOf(marks); len(made) > 0 {
				// Evaluation would have to wait for the build, and what it
				// read would be in no one's list of inputs.
				return cty.UnknownVal(cty.String), function.NewArgErrorf(0,
					"file reads source files, and %q is built; declare an output with file = … and parse = \"text\" to read it", made[0].Path)
			}
			b, err := fs.ReadFile(name.AsString())
			if err != nil {
				return cty.UnknownVal(cty.String), function.NewArgError(0, err)
			}
			if !utf8.Valid(b) {
				return cty.UnknownVal(cty.String), function.NewArgErrorf(0, "the file %q is not text in UTF-8", name.AsString())
			}
			return cty.StringVal(string(b)).WithMarks(marks), nil
		},
	})
}
