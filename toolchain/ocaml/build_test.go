package ocaml

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"erg.build/erg/engine"
	"erg.build/erg/toolchain"
	"erg.build/erg/toolchain/cc"
	"erg.build/erg/toolchain/toolchaintest"
)

var suite = toolchain.Config{Kind: "ocaml", Name: "system"}

// project writes a wrapped library, one with a main module, a lexer, a
// parser and stubs, an unwrapped one, and two programs that share modules.
func project(w *toolchaintest.World) {
	w.Write(
		"base/a.ml", "type t = B.t\nlet f x = B.g x + 1\n",
		"base/b.ml", "type t = int\nlet g x = assert (x > 0); x * C.k\n",
		"base/b.mli", "type t = int\nval g : int -> int\n",
		"base/c.ml", "let k = 3\n",
		"calc/calc.ml", "module Ast = Ast\nlet eval s = Ast.eval (Parser.main Lexer.tok (Lexing.from_string s))\n"+
			"let file = __FILE__\nexternal twice : int -> int = \"erg_twice\"\n",
		"calc/ast.ml", "type t = Int of int | Add of t * t\n"+
			"let rec eval = function Int i -> Base.A.f i | Add (a, b) -> eval a + eval b\n",
		"calc/lexer.mll", "{ open Parser }\nrule tok = parse ['0'-'9']+ { INT (int_of_string (Lexing.lexeme lexbuf)) }\n"+
			"| '+' { PLUS } | eof { EOF }\n",
		"calc/parser.mly", "%token <int> INT\n%token PLUS EOF\n%left PLUS\n%start main\n%type <Ast.t> main\n%%\n"+
			"main: e EOF { $1 }\ne: INT { Ast.Int $1 } | e PLUS e { Ast.Add ($1, $3) }\n",
		"calc/stub.c", "#include <caml/mlvalues.h>\nvalue erg_twice(value v) { return Val_int(2 * Int_val(v)); }\n",
		"plain/util.ml", "let shout s = String.uppercase_ascii s ^ string_of_int Base.C.k\n",
		"app/main.ml", "let () = Printf.printf \"%s %d %d %s %.0f\\n\" (Util.shout (Other.name ())) (Calc.eval \"1+2+3\")\n"+
			"  (Calc.twice 4) Calc.file (Unix.time () *. 0.)\n",
		"app/other.ml", "let name () = match Calc.Ast.Int 1 with Calc.Ast.Int n -> Base.A.(string_of_int (f n)) | _ -> Sub.x\n",
		"app/sub.ml", "let x = \"sub\"\n",
		"app/sub.mli", "val x : string\n",
		"app/second.ml", "let () = print_endline Sub.x\n",
	)
}

// define defines the project for one output root.
func define(t *engine.Task, root, profile string, modes []Mode) ([]Program, error) {
	tc, err := Load(t, suite)
	if err != nil {
		return nil, err
	}
	own := func(name string) cc.Owner {
		return cc.Owner{Context: strings.TrimPrefix(root, "_build/"), Root: root, Dir: name, Name: name, Profile: profile}
	}
	base, err := tc.Library(t, Unit{Owner: own("base"), Sources: []string{"base/a.ml", "base/b.ml", "base/b.mli", "base/c.ml"}})
	if err != nil {
		return nil, err
	}
	calc, err := tc.Library(t, Unit{
		Owner: own("calc"), Deps: []*Library{base},
		Sources: []string{"calc/calc.ml", "calc/ast.ml", "calc/lexer.mll", "calc/parser.mly", "calc/stub.c"},
	})
	if err != nil {
		return nil, err
	}
	plain, err := tc.Library(t, Unit{Owner: own("plain"), Sources: []string{"plain/util.ml"}, Deps: []*Library{base}, Wrapping: Unwrapped})
	if err != nil {
		return nil, err
	}
	return tc.Executables(t, Unit{
		Owner: own("app"), Deps: []*Library{plain, calc}, Standard: []string{"unix"}, Modes: modes,
		Sources: []string{"app/main.ml", "app/other.ml", "app/sub.ml", "app/sub.mli", "app/second.ml"},
		Mains:   []string{"main", "second"},
	})
}

func buildAll(profile string, modes []Mode, roots ...string) func(t *engine.Task) error {
	return func(t *engine.Task) error {
		var paths []string
		for _, root := range roots {
			programs, err := define(t, root, profile, modes)
			if err != nil {
				return err
			}
			for _, p := range programs {
				paths = append(paths, p.Path)
			}
		}
		return t.Build(paths...)
	}
}

// Programs run, and the same bytes come out in two workspaces and under two
// output roots.
func TestReproducible(t *testing.T) {
	toolchaintest.Need(t, "ocamlopt")
	for _, c := range []struct {
		name, profile string
		modes         []Mode
		programs      []string
	}{
		{"dev", "dev", nil, []string{"app/main"}},
		{"release", "release", nil, []string{"app/main"}},
		{"byte", "dev", []Mode{Byte}, []string{"app/main"}},
		{"both", "dev", []Mode{Native, Byte}, []string{"app/main", "app/main.bc"}},
		{"c", "dev", []Mode{C}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			base := t.TempDir()
			var first map[string]string
			for _, dir := range []string{"one", "another/place, with spaces"} {
				for _, root := range []string{"_build/app", "_build/other@k"} {
					w := toolchaintest.At(t, filepath.Join(base, dir))
					project(w)
					w.Build(buildAll(c.profile, c.modes, root)).OK(t)
					for _, p := range c.programs {
						if got, want := w.Output(root+"/"+p), "43 21 8 calc/calc.ml 0\n"; got != want {
							t.Errorf("%s prints %q, want %q", p, got, want)
						}
					}
					sums := w.Digests(root)
					if first == nil {
						first = sums
					}
					toolchaintest.Same(t, dir+" "+root, first, sums)
				}
			}
		})
	}
}

func TestEqualContextsShare(t *testing.T) {
	toolchaintest.Need(t, "ocamlopt")
	w := toolchaintest.New(t)
	project(w)
	one := w.Build(buildAll("dev", nil, "_build/app")).OK(t)
	both := toolchaintest.New(t)
	project(both)
	two := both.Build(buildAll("dev", nil, "_build/app", "_build/other")).OK(t)
	if !slices.Equal(one.Ran, two.Ran) {
		t.Errorf("two contexts ran %q, one %q", two.Ran, one.Ran)
	}
	toolchaintest.Same(t, "contexts", both.Digests("_build/app"), both.Digests("_build/other"))
}

func TestIncremental(t *testing.T) {
	toolchaintest.Need(t, "ocamlopt")
	w := toolchaintest.New(t)
	project(w)
	run := func() []string { return w.Build(buildAll("dev", nil, "_build/app")).OK(t).Ran }
	run()
	for _, step := range []struct{ what, file, text, want string }{
		{"nothing", "base/c.ml", "let k = 3\n", ""},
		{
			"an implementation", "base/b.ml", "type t = int\nlet g x = assert (x > 0); C.k * x\n",
			"cmxa base/base.cmxa, link app/main, link app/second, ocamldep base/base, ocamlopt base/b.ml",
		},
		{
			"an implementation without an interface file", "base/c.ml", "let k = truncate 3.0\n",
			"cmxa base/base.cmxa, link app/main, link app/second, ocamldep base/base, ocamlopt base/c.ml",
		},
		{
			"other source, same code", "base/c.ml", "let k = truncate (3.0)\n",
			"ocamldep base/base, ocamlopt base/c.ml",
		},
		{
			// Sub's interface is known to Main through Other, which has no .mli.
			"an interface", "app/sub.mli", "val x : string\nval y : int\n",
			"link app/main, link app/second, ocamlc app/sub.mli, ocamldep app/app, " +
				"ocamlopt app/main.ml, ocamlopt app/other.ml, ocamlopt app/second.ml, ocamlopt app/sub.ml",
		},
	} {
		w.Write(step.file, step.text)
		if step.what == "an interface" {
			w.Write("app/sub.ml", "let x = \"sub\"\nlet y = 1\n")
		}
		if got := strings.Join(run(), ", "); got != step.want {
			t.Errorf("%s: ran %q\nwant %q", step.what, got, step.want)
		}
	}
}

// Planning asks nobody: the actions whose inputs ocamldep would tell say
// that they wait for it. Once it has run they are known.
func TestPlan(t *testing.T) {
	toolchaintest.Need(t, "ocamlopt")
	w := toolchaintest.New(t)
	project(w)
	b := w.Plan(buildAll("dev", nil, "_build/app"))
	if b.Err != nil || len(b.Ran) > 0 {
		t.Fatalf("ran %q: %v", b.Ran, b.Err)
	}
	waits := map[string]string{}
	for _, a := range b.Plan {
		waits[a.Name] = strings.Join(a.Waits, ", ")
	}
	for name, want := range map[string]string{
		"ocamldep app/app": "", "link app/main": "ocamldep app/app", "cmxa base/base.cmxa": "ocamldep base/base",
		"ocamlopt base/a.ml": "ocamldep base/base", "ocamlc base/b.mli": "ocamldep base/base", "cc calc/stub.c": "",
	} {
		if got, ok := waits[name]; !ok || got != want {
			t.Errorf("%s waits for %q (%v), want %q", name, got, ok, want)
		}
	}
	w.Build(buildAll("dev", nil, "_build/app")).OK(t)
	for _, a := range w.Plan(buildAll("dev", nil, "_build/app")).OK(t).Plan {
		if a.Verdict != engine.UpToDate {
			t.Errorf("after the build the plan is to %s %s", a.Verdict, a.Name)
		}
	}
}

func TestErrors(t *testing.T) {
	toolchaintest.Need(t, "ocamlopt")
	w := toolchaintest.New(t)
	w.Write("lib/a.ml", "let x = B.x\n", "lib/b.ml", "let x = C.x\n", "lib/c.ml", "let y = 1\n", "lib/c.mli", "val y : A.t\n")
	library := func(sources ...string) error {
		return w.Build(func(t *engine.Task) error {
			tc, err := Load(t, suite)
			if err != nil {
				return err
			}
			_, err = tc.Library(t, Unit{Owner: cc.Owner{Root: "_build/app", Dir: "lib", Name: "abc"}, Sources: sources})
			return err
		}).Err
	}
	var ring *CycleError
	err := library("lib/a.ml", "lib/b.ml", "lib/c.ml", "lib/c.mli")
	if !errors.As(err, &ring) || !slices.Equal(ring.Modules, []string{"A", "B", "C"}) || !strings.Contains(err.Error(), "C mentions A (lib/c.mli)") {
		t.Errorf("cycle: %v", err)
	}
	var clash *ClashError
	if err := library("lib/a.ml", "lib/A.ml"); !errors.As(err, &clash) || clash.Module != "A" {
		t.Errorf("clash: %v", err)
	}
	var source *SourceError
	if err := library("lib/a-b.ml"); !errors.As(err, &source) {
		t.Errorf("name: %v", err)
	}
}

func TestFacts(t *testing.T) {
	toolchaintest.Need(t, "ocamlopt")
	w := toolchaintest.New(t)
	w.Build(func(task *engine.Task) error {
		tc, err := Load(task, suite)
		if err != nil {
			return err
		}
		facts := tc.Facts()
		for _, name := range []string{"version", "flambda", "word_size", "int_size", "target", "native", "native_compiler", "os_type", "standard_library"} {
			if _, ok := facts[name]; !ok {
				t.Errorf("there is no fact %s", name)
			}
		}
		if !tc.Native() {
			t.Errorf("%s is not native", tc.Target())
		}
		return nil
	}).OK(t)
}

// After a build the trace alone tells that nothing is to be done.
func TestNull(t *testing.T) {
	toolchaintest.Need(t, "ocamlopt")
	w := toolchaintest.New(t)
	project(w)
	w.Build(buildAll("dev", nil, "_build/app")).OK(t)
	if !w.Null() {
		t.Error("the trace does not answer after a build")
	}
	w.Write("calc/stub.c", "int h(void) { return 5; }\n")
	if w.Null() {
		t.Error("a source changed and the trace says that nothing is to be done")
	}
}
