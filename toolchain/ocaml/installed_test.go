package ocaml

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"erg.build/erg/engine"
	"erg.build/erg/toolchain/cc"
	"erg.build/erg/toolchain/toolchaintest"
)

// install compiles a library of one module, with C code, into a directory
// outside of the workspace.
func install(t *testing.T, dir, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, "far.ml"), []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "far_c.c"), []byte("#include <caml/mlvalues.h>\nvalue far_seven(value u) { return Val_int(7); }\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, argv := range []string{
		"ocamlc -c far_c.c", "ocamlmklib -o far_stubs far_c.o",
		"ocamlc -c far.ml", "ocamlopt -c far.ml",
		"ocamlc -a -o far.cma far.cmo -dllib -lfar_stubs -cclib -lfar_stubs", "ocamlopt -a -o far.cmxa far.cmx -cclib -lfar_stubs",
	} {
		words := strings.Fields(argv)
		cmd := exec.Command(words[0], words[1:]...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", argv, err, out)
		}
	}
}

// A program uses an installed library, and what uses it is made again when it
// is replaced; what does not, is not.
func TestInstalled(t *testing.T) {
	toolchaintest.Need(t, "ocamlopt", "ocamlmklib")
	dir := t.TempDir()
	install(t, dir, "external seven : unit -> int = \"far_seven\"\nlet name = \"far\"\n")
	w := toolchaintest.New(t)
	w.Write("app/main.ml", "let () = Printf.printf \"%s %d %s\\n\" Far.name (Far.seven ()) Other.x\n", "app/other.ml", "let x = \"other\"\n")
	build := func() []string {
		return w.Build(func(t *engine.Task) error {
			tc, err := Load(t, suite)
			if err != nil {
				return err
			}
			far, err := tc.Installed(t, Installed{Name: "far", Dir: dir, Archives: map[Mode][]string{Byte: {dir + "/far.cma"}, Native: {dir + "/far.cmxa"}}})
			if err != nil {
				return err
			}
			programs, err := tc.Executables(t, Unit{
				Owner: cc.Owner{Root: "_build/app", Dir: "app", Name: "main"}, Modules: []Module{mod("app/main", false), mod("app/other", false)}, Deps: []*Library{far},
				Programs: []Program{{Name: "main", Mode: Native, Path: "_build/app/app/main"}, {Name: "main", Mode: Byte, Path: "_build/app/app/main.bc"}},
			})
			if err != nil {
				return err
			}
			return t.Build(programs[0].Path, programs[1].Path)
		}).OK(t).Ran
	}
	build()
	for _, p := range []string{"_build/app/app/main", "_build/app/app/main.bc"} {
		if got, want := w.Output(p), "far 7 other\n"; got != want {
			t.Errorf("%s prints %q, want %q", p, got, want)
		}
	}
	if !w.Null() {
		t.Error("the trace does not answer after a build")
	}
	install(t, dir, "external seven : unit -> int = \"far_seven\"\nlet name = \"farther\"\n")
	if got, want := strings.Join(build(), ", "), "link app/main, link app/main.bc, ocamlc app/main.ml, ocamlopt app/main.ml"; got != want {
		t.Errorf("ran %q, want %q", got, want)
	}
	if got, want := w.Output("_build/app/app/main"), "farther 7 other\n"; got != want {
		t.Errorf("prints %q, want %q", got, want)
	}
}

// A driver is a program whose main module nobody wrote, with all modules of
// its libraries: those that nobody names register themselves.
func TestDriver(t *testing.T) {
	toolchaintest.Need(t, "ocamlopt")
	w := toolchaintest.New(t)
	w.Write("reg/reg.ml", "let all : string list ref = ref []\n", "plug/plug.ml", "let () = Reg.all := \"plug\" :: !Reg.all\n")
	w.Build(func(t *engine.Task) error {
		tc, err := Load(t, suite)
		if err != nil {
			return err
		}
		own := func(name string) cc.Owner { return cc.Owner{Root: "_build/app", Dir: name, Name: name} }
		reg, err := tc.Library(t, Unit{Owner: own("reg"), Modules: []Module{mod("reg/reg", false)}})
		if err != nil {
			return err
		}
		plug, err := tc.Library(t, Unit{Owner: own("plug"), Modules: []Module{mod("plug/plug", false)}, Deps: []*Library{reg}})
		if err != nil {
			return err
		}
		programs, err := tc.Executables(t, Unit{Owner: own("ppx"), Deps: []*Library{plug}, LinkFlags: []string{"-linkall"},
			Modules:  []Module{{Name: "Driver", Impl: "_build/app/ppx/driver.ml", Text: "let () = List.iter print_endline !Reg.all\n"}},
			Programs: []Program{{Name: "driver", Mode: Native, Path: "_build/app/ppx/driver.exe"}}})
		if err != nil {
			return err
		}
		return t.Build(programs[0].Path)
	}).OK(t)
	if got := w.Output("_build/app/ppx/driver.exe"); got != "plug\n" {
		t.Errorf("the driver prints %q", got)
	}
}

// Programs of other kinds: an object for a C program, a plugin.
func TestKinds(t *testing.T) {
	toolchaintest.Need(t, "ocamlopt", "cc")
	w := toolchaintest.New(t)
	w.Write("k/main.ml", "let () = print_endline \"from OCaml\"\n",
		"k/start.c", "#include <caml/callback.h>\nint main(int argc, char **argv) { caml_startup(argv); return 0; }\n")
	kinds := []Program{
		{Name: "main", Mode: Native, Kind: Object, Path: "_build/app/k/main.exe.o"},
		{Name: "main", Mode: Native, Kind: Shared, Path: "_build/app/k/main.so"},
		{Name: "main", Mode: Native, Kind: Plugin, Path: "_build/app/k/main.cmxs"},
		{Name: "main", Mode: Byte, Kind: Plugin, Path: "_build/app/k/main.cma"},
		{Name: "main", Mode: Byte, Kind: Object, Path: "_build/app/k/main.bc.o"},
		{Name: "main", Mode: Byte, Path: "_build/app/k/main.bc.exe"},
	}
	var where string
	w.Build(func(t *engine.Task) error {
		tc, err := Load(t, suite)
		if err != nil {
			return err
		}
		where = tc.StandardLibrary()
		programs, err := tc.Executables(t, Unit{Owner: cc.Owner{Root: "_build/app", Dir: "k", Name: "main"}, Exact: true, Modules: []Module{mod("k/main", false)}, Programs: kinds})
		if err != nil {
			return err
		}
		var files []string
		for _, p := range programs {
			files = append(files, p.Path)
		}
		return t.Build(files...)
	}).OK(t)
	if b, err := os.ReadFile(filepath.Join(w.Dir, "_build/app/k/main.bc.exe")); err != nil || strings.HasPrefix(string(b), "#!") {
		t.Errorf("byte code to run by itself needs a runtime (%v)", err)
	}
	if got := w.Output("_build/app/k/main.bc.exe"); got != "from OCaml\n" {
		t.Errorf("byte code with its runtime prints %q", got)
	}
	for _, object := range []string{"main.exe.o", "main.bc.o"} {
		out, err := exec.Command("cc", "-I", where, "-o", filepath.Join(w.Dir, "start"), filepath.Join(w.Dir, "k/start.c"), filepath.Join(w.Dir, "_build/app/k", object), "-lm", "-ldl", "-lpthread").CombinedOutput()
		if err != nil {
			t.Errorf("%s: %v\n%s", object, err, out)
			continue
		}
		if got := w.Output("start"); got != "from OCaml\n" {
			t.Errorf("%s: prints %q", object, got)
		}
	}
}
