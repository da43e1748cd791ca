package ocaml

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"erg.build/erg/engine"
	"erg.build/erg/toolchain/cc"
	"erg.build/erg/toolchain/toolchaintest"
)

// A stanza is a library or executables, with modules said one by one, laid
// out as Dune lays them out.
type stanza struct {
	dir, name string
	dune      string // the same in Dune's language
	modules   []Module
	deps      []string
	more      func(u *Unit)
}

// stanzas cover the ways in which modules are named and seen.
var stanzas = []stanza{
	{dir: "lib", name: "lib", dune: `(library (name lib) (private_modules priv) (modules_without_implementation sg) (foreign_stubs (language c) (names st)))`,
		modules: []Module{mod("lib/a", true), mod("lib/b", false), {Name: "Priv", Impl: "lib/priv.ml", Private: true}, {Name: "Sg", Intf: "lib/sg.mli"}},
		more:    func(u *Unit) { u.Sources = []string{"lib/st.c"} }},
	{dir: "face", name: "face", dune: `(library (name face) (libraries lib))`, deps: []string{"lib"},
		modules: []Module{mod("face/c", false), mod("face/d", false), mod("face/face", false)}},
	{dir: "flat", name: "flat", dune: `(library (name flat) (wrapped false))`,
		modules: []Module{mod("flat/u1", false), mod("flat/u2", false)},
		more:    func(u *Unit) { u.Wrapping = Unwrapped }},
	{dir: "old", name: "old", dune: `(library (name old) (wrapped (transition "Change over")))`,
		modules: []Module{mod("old/t1", false), mod("old/t2", true)},
		more:    func(u *Unit) { u.Wrapping, u.Deprecation = Transitional, "Change over" }},
	{dir: "single", name: "single", dune: `(library (name single))`, modules: []Module{mod("single/single", false)}},
	{dir: "virt", name: "virt", dune: `(library (name virt) (virtual_modules v))`,
		modules: []Module{{Name: "V", Intf: "virt/v.mli", Virtual: true}, mod("virt/w", false)}},
	{dir: "impl", name: "impl", dune: `(library (name impl) (implements virt) (private_modules help))`, deps: []string{"virt"},
		modules: []Module{{Name: "V", Impl: "impl/v.ml"}, {Name: "Help", Impl: "impl/help.ml", Private: true}}},
	{dir: "bin", name: "main", dune: `(executables (names main second) (modes exe byte) (libraries lib face flat old single virt impl))`,
		deps:    []string{"lib", "face", "flat", "old", "single", "virt", "impl"},
		modules: []Module{mod("bin/main", false), mod("bin/second", false), mod("bin/shared", false)},
		more: func(u *Unit) {
			u.Main = "Dune__exe"
			for _, n := range []string{"main", "second"} {
				u.Programs = append(u.Programs, Program{Name: n, Mode: Native, Path: path.Join(u.Root, u.Dir, n+".exe")},
					Program{Name: n, Mode: Byte, Kind: Script, Path: path.Join(u.Root, u.Dir, n+".bc")})
			}
		}},
}

func mod(file string, intf bool) Module {
	m := Module{Name: path.Base(file), Impl: file + ".ml"}
	if intf {
		m.Intf = file + ".mli"
	}
	return m
}

func writeStanzas(w *toolchaintest.World) {
	w.Write("dune-project", "(lang dune 2.9)\n",
		"lib/a.ml", "let x = 1\nexternal f : int -> int = \"lib_f\"\n", "lib/a.mli", "val x : int\nexternal f : int -> int = \"lib_f\"\n",
		"lib/b.ml", "let y = A.x + Priv.z\ntype t = Sg.t\n", "lib/priv.ml", "let z = 3\n", "lib/sg.mli", "type t = int\n",
		"lib/st.c", "#include <caml/mlvalues.h>\nvalue lib_f(value x) { return x; }\n",
		"face/c.ml", "let c = Lib.A.x\n", "face/d.ml", "let d = C.c\n", "face/face.ml", "module D = D\nlet e = D.d\n",
		"flat/u1.ml", "let u = 1\n", "flat/u2.ml", "let v = U1.u\n",
		"old/t1.ml", "let u = 1\n", "old/t2.ml", "let v = T1.u\n", "old/t2.mli", "val v : int\n",
		"single/single.ml", "let u = 1\n",
		"virt/v.mli", "val name : string\n", "virt/w.ml", "let greet () = \"hello \" ^ V.name\n",
		"impl/v.ml", "let name = Help.exclaim \"world\"\n", "impl/help.ml", "let exclaim s = s ^ \"!\"\n",
		"bin/shared.ml", "let h = 3\n", "bin/second.ml", "let () = print_int Shared.h\n",
		"bin/main.ml", "let () = Printf.printf \"%d %s\\n\" (Lib.A.f Face.D.d + Lib.B.y + Shared.h + U2.v + Old.T2.v + Single.u) (Virt.W.greet ())\n",
	)
	for _, s := range stanzas {
		w.Write(s.dir+"/dune", s.dune+"\n")
	}
}

// defineStanzas defines them all and returns the libraries and programs.
func defineStanzas(t *engine.Task, root, profile string) (map[string]*Library, []Program, error) {
	tc, err := Load(t, suite)
	if err != nil {
		return nil, nil, err
	}
	libs := map[string]*Library{}
	for _, s := range stanzas {
		u := Unit{Owner: cc.Owner{Context: path.Base(root), Root: root, Dir: s.dir, Name: s.name, Profile: profile},
			Modules: s.modules, Exact: true, Annotate: true, Flags: []string{"-w", "+a-3-70-40", "-g"}}
		for _, d := range s.deps {
			u.Deps = append(u.Deps, libs[d])
		}
		objs, dir := root+"/"+s.dir+"/."+s.name, root+"/"+s.dir
		if s.name == "main" {
			objs += ".eobjs"
			dir = objs
		} else {
			objs += ".objs"
		}
		u.Layout = Layout{Objects: objs + "/byte", Native: objs + "/native", Private: objs + "/private", Alias: dir}
		if s.name == "impl" {
			u.Implements = libs["virt"]
		}
		if s.more != nil {
			s.more(&u)
		}
		if s.name == "main" {
			programs, err := tc.Executables(t, u)
			return libs, programs, err
		}
		if libs[s.name], err = tc.Library(t, u); err != nil {
			return nil, nil, err
		}
	}
	return libs, nil, nil
}

// Programs of such units run, as native code and as byte code with the stubs
// in shared libraries.
func TestModules(t *testing.T) {
	toolchaintest.Need(t, "ocamlopt")
	for _, profile := range []string{"dev", "release"} {
		w := toolchaintest.New(t)
		writeStanzas(w)
		w.Build(func(t *engine.Task) error {
			libs, programs, err := defineStanzas(t, "_build/app", profile)
			if err != nil {
				return err
			}
			var files []string
			for _, l := range libs {
				files = append(files, l.Annotations...)
				if l.Plugin != "" {
					files = append(files, l.Plugin)
				}
			}
			for _, p := range programs {
				files = append(files, p.Path)
			}
			return t.Build(files...)
		}).OK(t)
		const want = "11 hello world!\n"
		if got := w.Output("_build/app/bin/main.exe"); got != want {
			t.Errorf("%s: native code prints %q, want %q", profile, got, want)
		}
		cmd := exec.Command(filepath.Join(w.Dir, "_build/app/bin/main.bc"))
		cmd.Env = append(os.Environ(), "CAML_LD_LIBRARY_PATH="+filepath.Join(w.Dir, "_build/app/lib"))
		if out, err := cmd.CombinedOutput(); err != nil || string(out) != want {
			t.Errorf("%s: byte code prints %q (%v), want %q", profile, out, err, want)
		}
		if !w.Null() {
			t.Errorf("%s: the trace does not answer after a build", profile)
		}
	}
}

// Interfaces are those that Dune makes, to the digest: they are installed, and
// what was compiled against one fits the other.
func TestInterfacesAsDune(t *testing.T) {
	toolchaintest.Need(t, "ocamlopt", "dune", "ocamlobjinfo")
	w := toolchaintest.New(t)
	writeStanzas(w)
	w.Build(func(t *engine.Task) error {
		libs, _, err := defineStanzas(t, "_build/app", "dev")
		if err != nil {
			return err
		}
		var files []string
		for _, l := range libs {
			files = append(files, l.Interfaces...)
			files = append(files, l.Private...)
		}
		return t.Build(append(files, "_build/app/bin/main.exe", "_build/app/bin/second.exe")...)
	}).OK(t)
	cmd := exec.Command("dune", "build", "--root", ".", "--build-dir", filepath.Join(w.Dir, "dunes"), "@all")
	cmd.Dir, cmd.Env = filepath.Join(w.Dir, "."), append(os.Environ(), "DUNE_CACHE=disabled")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("dune: %v\n%s", err, out)
	}
	got, want := interfaces(t, filepath.Join(w.Dir, "_build/app")), interfaces(t, filepath.Join(w.Dir, "dunes/default"))
	for name := range want {
		if got[name] != want[name] {
			t.Errorf("%s: %s, and Dune's is %s", name, got[name], want[name])
		}
	}
	for name := range got {
		if want[name] == "" {
			t.Errorf("Dune makes no %s", name)
		}
	}
	if len(want) < 20 {
		t.Errorf("only %d interfaces were compared", len(want))
	}
}

// interfaces returns the digests of compiled interfaces below a directory, by
// unit. (Dune copies those of a virtual library to its implementations.)
func interfaces(t *testing.T, root string) map[string]string {
	t.Helper()
	sums := map[string]string{}
	err := filepath.WalkDir(root, func(p string, e fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(p) != ".cmi" {
			return err
		}
		out, err := exec.Command("ocamlobjinfo", p).Output()
		if err != nil {
			return err
		}
		for line := range strings.Lines(string(out)) {
			sum, unit, ok := strings.Cut(strings.TrimSpace(line), "\t")
			if ok && uncapitalize(unit)+".cmi" == filepath.Base(p) {
				sums[unit] = sum
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return sums
}

// What is made holds no name of a context, typed trees neither.
func TestModulesShare(t *testing.T) {
	toolchaintest.Need(t, "ocamlopt")
	ran := func(roots ...string) []string {
		w := toolchaintest.New(t)
		writeStanzas(w)
		b := w.Build(func(t *engine.Task) error {
			var files []string
			for _, root := range roots {
				libs, programs, err := defineStanzas(t, root, "dev")
				if err != nil {
					return err
				}
				for _, l := range libs {
					files = append(files, l.Annotations...)
					files = append(files, l.Objects[Native]...)
				}
				for _, p := range programs {
					files = append(files, p.Path)
				}
			}
			return t.Build(files...)
		}).OK(t)
		if len(roots) > 1 {
			toolchaintest.Same(t, "contexts", w.Digests(roots[0]), w.Digests(roots[1]))
		}
		return b.Ran
	}
	if one, two := ran("_build/app"), ran("_build/app", "_build/other"); !slices.Equal(one, two) {
		t.Errorf("two contexts ran %q, one %q", two, one)
	}
}

// What cannot be is said before anything runs.
func TestModuleErrors(t *testing.T) {
	tc := &Toolchain{conf: config{"version": "5.3.0"}, tools: map[string]string{"ocamlopt": "/b/ocamlopt"}}
	virt := Unit{Owner: cc.Owner{Root: "_build/app", Dir: "virt", Name: "virt"}, Modules: []Module{{Name: "V", Intf: "virt/v.mli", Virtual: true}}}
	lib, err := tc.Describe(virt)
	if err != nil {
		t.Fatal(err)
	}
	if len(lib.Archives[Native]) > 0 {
		t.Error("a virtual library has an archive")
	}
	for _, c := range []struct {
		modules    []Module
		implements *Library
		want       string
	}{
		{[]Module{mod("a", false), mod("b/a", false)}, nil, "a.ml and b/a.ml are both the module A"},
		{[]Module{{Name: "A"}}, nil, "A: the module has neither an implementation nor an interface"},
		{[]Module{{Name: "A", Impl: "a.ml", Virtual: true}}, nil, "a.ml: the module is virtual, so its code belongs in libraries that implement this one"},
		{[]Module{mod("a", false)}, lib, "library x: it implements virt and has no code for V"},
		{[]Module{{Name: "V", Impl: "x/v.ml", Intf: "x/v.mli"}}, lib, "x/v.mli: the interface of a virtual module is that of the library virt"},
		{[]Module{{Name: "V", Impl: "x/v.ml"}}, &Library{Name: "far", Dir: "/usr/lib/ocaml/far"}, "library far lies outside the workspace, so it cannot be implemented here"},
	} {
		_, err := tc.Describe(Unit{Owner: cc.Owner{Root: "_build/app", Dir: "x", Name: "x"}, Modules: c.modules, Implements: c.implements})
		if err == nil || err.Error() != c.want {
			t.Errorf("got  %v\nwant %s", err, c.want)
		}
	}
	var clash *ClashError
	_, err = tc.Describe(Unit{Sources: []string{"a.ml"}, Modules: []Module{mod("b/a", false)}})
	if !errors.As(err, &clash) || !slices.Equal([]string{clash.A, clash.B}, []string{"a.ml", "b/a.ml"}) {
		t.Errorf("clash: %v", err)
	}
}

// What a module's interface would be is asked in a unit of its own, which
// makes what the module needs and no more. Its files lie in directories that
// ocamldep's answer is not in the order of.
func TestInfer(t *testing.T) {
	toolchaintest.Need(t, "ocamlopt")
	w := toolchaintest.New(t)
	w.Write("lib/z/ast.ml", "type t = Int of int\n", "lib/a/other.ml", "let unused = 1\n", "lib/mock.ml", "let start = Ast.Int 3\n")
	b := w.Build(func(t *engine.Task) error {
		tc, err := Load(t, suite)
		if err != nil {
			return err
		}
		err = tc.Infer(t, Unit{Owner: cc.Owner{Root: "_build/app", Dir: "lib", Name: "lib"}, Modules: []Module{
			mod("lib/z/ast", false), mod("lib/a/other", false),
			{Name: "Mock", Impl: "lib/mock.ml", Inferred: "_build/app/lib/mock.mli"},
		}})
		if err != nil {
			return err
		}
		return t.Build("_build/app/lib/mock.mli")
	}).OK(t)
	if got, _ := os.ReadFile(filepath.Join(w.Dir, "_build/app/lib/mock.mli")); string(got) != "val start : Ast.t\n" {
		t.Errorf("inferred %q", got)
	}
	if slices.ContainsFunc(b.Ran, func(n string) bool { return strings.Contains(n, "other.ml") && !strings.HasPrefix(n, "ocamldep") }) {
		t.Errorf("ran %q", b.Ran)
	}
}
