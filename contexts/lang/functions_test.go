package lang

import (
	"errors"
	"io/fs"
	"path"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"
)

// testFiles is a FileSource of names and contents.
type testFiles map[string]string

func (f testFiles) Glob(pattern string) ([]string, error) {
	var names []string
	for name := range f {
		ok, err := path.Match(pattern, name)
		if err != nil {
			return nil, err
		}
		if ok {
			names = append(names, name)
		}
	}
	return names, nil
}

func (f testFiles) ReadFile(name string) ([]byte, error) {
	if s, ok := f[name]; ok {
		return []byte(s), nil
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: errors.New("no such file")}
}

func fileScope() *testScope {
	s := newScope()
	s.fs = testFiles{"b.c": "int b;", "a.c": "int a;", "a.h": "1\n2\n", "sub/x.c": "", "bin": "\xff", "e\u0301.txt": ""}
	return s
}

func TestFunctions(t *testing.T) {
	tests := []struct{ src, want string }{
		{`[abs(-1), ceil(1.2), floor(1.8), log(8, 2), pow(2, 3), signum(-4), parseint("ff", 16), min(2, 1), max(2, 1)]`, `[1, 2, 1, 3, 8, -1, 255, 1, 2]`},
		{`[sum([1, 2]), sum([]), alltrue([true, "true"]), anytrue([false]), alltrue([])]`, `[3, 0, true, false, true]`},
		{`[basename("a/b.c"), dirname("a/b.c"), dirname("b.c")]`, `["b.c", "a", "."]`},
		{`[startswith("abc", "ab"), endswith("abc", "ab"), strcontains("abc", "b")]`, `[true, false, true]`},
		{`[lower("A"), upper("a"), title("ab c"), strlen("añb"), strrev("ab"), substr("hello", 1, 3)]`, `["a", "A", "Ab C", 3, "ba", "ell"]`},
		{`[trim("xax", "x"), trimprefix("ab", "a"), trimsuffix("ab", "b"), trimspace(" a\n"), chomp("a\n"), indent(2, "a\nb")]`, `["a", "b", "a", "a", "a", "a\n  b"]`},
		{`[format("%03d %s", 7, "x"), formatlist("-l%s", ["a", "b"])]`, `["007 x", ["-la", "-lb"]]`},
		{`[join("-", ["a", "b"]), split(",", "a,b"), replace("a.b.c", ".", "/"), regexreplace("a1b2", "[0-9]", "")]`, `["a-b", ["a", "b"], "a/b/c", "ab"]`},
		{`[regex("[0-9]+", "ab12"), regexall("[a-z]", "a1b"), regex("(?P<n>.)", "x").n]`, `["12", ["a", "b"], "x"]`},
		{`[lines("a\r\nb\n"), lines("a\n\n"), lines(""), lines("\n"), words(" a  b\n")]`, `[["a", "b"], ["a", ""], [], [], ["a", "b"]]`},
		{`[length("añ"), length([1]), length({a = 1}), length(toset([1, 1])), length(u.s), length(u.any)]`, `[2, 1, 1, 1, ?number!, ?number!]`},
		{`[concat([1], ["a"]), contains(["a"], "a"), distinct(["a", "a"]), element(["a", "b"], 3), slice(["a", "b"], 1, 2)]`, `[[1, "a"], true, ["a"], "b", ["b"]]`},
		{`[keys({b = 1, a = 2}), values({b = 1, a = 2}), merge({a = 1}, {a = 2}), zipmap(["k"], [1])]`, `[["a", "b"], [2, 1], {"a": 2}, {"k": 1}]`},
		{`[flatten([[1], [[2]]]), compact(["", "a"]), range(3), reverse([1, 2]), sort(["b", "a"])]`, `[[1, 2], ["a"], [0, 1, 2], [2, 1], ["a", "b"]]`},
		{`[coalesce(null, "a"), coalescelist([], ["b"]), index(["a", "b"], "b"), one([]), one([3]), one(toset(["x"]))]`, `["a", ["b"], 1, null, 3, "x"]`},
		{`[lookup({a = 1}, "a", 2), lookup({a = 1}, "b", 2), lookup(var.map, "k1"), lookup(var.map, "no", 7), lookup(u.map, "x", 1)]`, `[1, 2, "v1", "7", ?number]`},
		{`[setunion(["a"], ["b"]), setintersection(["a"], ["b"]), setsubtract(["a"], ["b"]), setproduct(["a"], ["b"]), chunklist(["a", "b"], 1)]`, `[["a", "b"], [], ["a"], [["a", "b"]], [["a"], ["b"]]]`},
		{`[tostring(1), tonumber("1"), tobool("true"), tolist(["a"]), toset(["a", "a"]), tomap({a = 1})]`, `["1", 1, true, ["a"], ["a"], {"a": 1}]`},
		{`[jsonencode({a = [1, null]}), jsondecode("{\"a\":1}").a, csvdecode("a,b\n1,2")[0].b]`, `["{\"a\":[1,null]}", 1, "2"]`},
		{`[base64encode("hi"), base64decode("aGk="), substr(sha256(""), 0, 8)]`, `["aGk=", "hi", "e3b0c442"]`},
		{`glob("*.c", "a.*")`, `["a.c", "a.h", "b.c"]`},
		{`glob("*.nope")`, `[]`},
		{`glob()`, `[]`},
		{`fileset("sub", "*.c")`, `["x.c"]`},
		{`fileset(".", "a.*")`, `["a.c", "a.h"]`},
		{`fileset("sub", "*.nope")`, `[]`},
		{`lines(file("a.h"))`, `["1", "2"]`},
		{`glob(u.s)`, `?list of string`},
	}
	for _, tt := range tests {
		got, diags := Eval(parse(t, tt.src), fileScope())
		if diags.HasErrors() {
			t.Errorf("%s: %s", tt.src, diags)
		} else if s := show(got); s != tt.want {
			t.Errorf("%s\n got %s\nwant %s", tt.src, s, tt.want)
		}
	}
}

func TestFunctionErrors(t *testing.T) {
	tests := []struct{ src, want string }{
		{`file("nope")`, "no such file"},
		{`file("bin")`, "is not text in UTF-8"},
		{`file(var.file)`, `file reads source files, and "gen.h" is built`},
		{`glob("[")`, "syntax error in pattern"},
		{`glob("*.txt")`, "is not UTF-8 in normalization form C"},
		{`fileset("", "*.txt")`, "is not UTF-8 in normalization form C"},
		{`lookup({}, "a")`, `there is no element "a", and no default`},
		{`lookup({}, "a", 1, 2)`, "only one default"},
		{`lookup([], "a", 1)`, "must be a map or an object"},
		{`lookup(var.map, "a", [])`, "the default must be of the map's type"},
		{`one([1, 2])`, "but it has 2"},
		{`one("a")`, "must be a list"},
		{`one(var.list)`, "but it has 2"},
		{`index(["a"], "b")`, "it is not in the list"},
		{`index({}, "b")`, "must be a list or a tuple"},
		{`sum("a")`, "must be a list"},
		{`sum(["a"])`, "element 0: a number is required"},
		{`sum([null])`, "an element is null"},
		{`length(1)`, "must be a string, a collection"},
		{`version_at_least("x", "1")`, `"x" is not a version`},
		{`version_at_least("1", "1.")`, `"1." is not a version`},
		{`base64decode("%")`, "this is not base64"},
		{`base64decode("/w==")`, "not text in UTF-8"},
		{`env("HOME")`, "Declare a variable block"},
	}
	for _, tt := range tests {
		_, diags := Eval(parse(t, tt.src), fileScope())
		if !diags.HasErrors() || !strings.Contains(diags.Error(), tt.want) {
			t.Errorf("%s: %v; want %s", tt.src, diags, tt.want)
		}
	}
}

func TestVersionAtLeast(t *testing.T) {
	// From the oldest to the newest; equal ones on one line.
	order := [][]string{
		{"4.14"},
		{"5.3.0~alpha1", "5.3~alpha1", "5.3.0-alpha.1"},
		{"5.3.0~alpha2"},
		{"5.3.0~beta10"},
		{"5.3", "5.3.0", "v5.3.0", "5.3.0+flambda", "5.03"},
		{"5.3.1"},
		{"5.10"},
		{"99999999999999999999.1"},
	}
	for i, olds := range order {
		for j, news := range order {
			for _, a := range olds {
				for _, b := range news {
					got, diags := Eval(parse(t, `version_at_least("`+a+`", "`+b+`")`), newScope())
					if diags.HasErrors() || got.True() != (i >= j) {
						t.Errorf("version_at_least(%s, %s): %#v, %v", a, b, got, diags)
					}
				}
			}
		}
	}
}

func TestFunctionsWithoutFiles(t *testing.T) {
	funcs := Functions(nil)
	for _, name := range []string{"glob", "file", "fileset", "try", "can"} {
		if _, ok := funcs[name]; ok {
			t.Errorf("there is a function %s", name)
		}
	}
	funcs["x"] = funcs["abs"]
	if _, ok := Functions(nil)["x"]; ok {
		t.Error("the map is shared")
	}
}

// TestFunctionsOnUnknowns calls each function with unknown and marked values
// of each type, to see that none panics or loses the mark.
func TestFunctionsOnUnknowns(t *testing.T) {
	m := FileMark{Path: "x"}
	vals := []cty.Value{
		cty.DynamicVal, cty.UnknownVal(cty.String), cty.UnknownVal(cty.Number), cty.UnknownVal(cty.List(cty.String)),
		cty.UnknownVal(cty.Map(cty.String)), cty.StringVal("x").Mark(m), cty.UnknownVal(cty.String).Mark(m),
		cty.ListVal([]cty.Value{cty.StringVal("x").Mark(m)}), cty.ListVal([]cty.Value{cty.UnknownVal(cty.String)}).Mark(m),
		cty.NullVal(cty.String), cty.NullVal(cty.DynamicPseudoType), cty.EmptyTupleVal, cty.EmptyObjectVal.Mark(m),
		cty.ObjectVal(map[string]cty.Value{"a": cty.StringVal("x").Mark(m)}),
	}
	for name := range Functions(testFiles{}) {
		for _, a := range vals {
			for _, b := range vals {
				scope := newScope()
				scope.vars["a"], scope.vars["b"] = a, b
				scope.fs = testFiles{}
				for _, args := range []string{"a", "a, b", "a, b, a", "a..."} {
					val, _ := Eval(parse(t, name+"("+args+")"), scope)
					Files(val)
				}
			}
		}
	}
}
