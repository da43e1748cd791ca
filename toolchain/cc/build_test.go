package cc

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"erg.build/erg/engine"
	"erg.build/erg/engine/action"
	"erg.build/erg/toolchain"
	"erg.build/erg/toolchain/toolchaintest"
)

// suites are the compilers that tests drive.
var suites = []toolchain.Config{
	{Kind: "cc", Name: "gcc", CC: "gcc"},
	{Kind: "cc", Name: "clang", CC: "clang"},
	{Kind: "cc", Name: "esp32c3", CC: "riscv64-unknown-elf-gcc", Target: "riscv32-unknown-elf", Flags: []string{"-march=rv32imac", "-mabi=ilp32"}},
	{Kind: "cc", Name: "windows", CC: "x86_64-w64-mingw32-gcc", Target: "x86_64-w64-mingw32"},
}

func eachSuite(t *testing.T, fn func(t *testing.T, cfg toolchain.Config)) {
	for _, cfg := range suites {
		t.Run(cfg.Name, func(t *testing.T) {
			toolchaintest.Need(t, cfg.CC)
			fn(t, cfg)
		})
	}
}

// project writes a library with a generated header and a generated source,
// assembly, two sources of one name, and a program.
func project(w *toolchaintest.World) {
	w.Write(
		"lib/a.c", "#include \"gen.h\"\n#include \"util.h\"\nint f(void) { return GEN + g() + here()[0]; }\n",
		"lib/util.h", "int f(void);\nint g(void);\nint gen(void);\nstatic inline const char *here(void) { return __FILE__; }\n",
		"lib/sub/a.c", "int h(void) { return 3; }\n",
		"lib/g.S", "#define NAME g\n.globl NAME\nNAME:\n\tnop\n",
		"lib/r.s", ".globl r\nr:\n\tnop\n",
		"lib/gen.h.in", "#define GEN 1\nstatic inline const char *made(void) { return __FILE__; }\n",
		"lib/gen.c.in", "#include \"gen.h\"\nint gen(void) { return made()[0]; }\n",
		"app/main.c", "#include \"util.h\"\nint main(void) { return f() == 0; }\nvoid _start(void) { main(); }\n",
	)
}

// build defines the project for one output root and returns the program.
func build(t *engine.Task, tc *Toolchain, root string) (string, error) {
	for _, n := range []string{"lib/gen.h", "lib/gen.c"} {
		err := t.Define(action.Spec{
			Name: "cp " + n, Root: root, Argv: []string{"/bin/cp", action.Ref(n + ".in"), action.Ref(root + "/" + n)},
			Inputs: []string{n + ".in"}, Outputs: []string{root + "/" + n},
		})
		if err != nil {
			return "", err
		}
	}
	lib := Unit{
		Owner:     Owner{Context: "app", Root: root, Dir: "lib", Name: "blink"},
		Sources:   []string{"lib/a.c", "lib/sub/a.c", "lib/g.S", "lib/r.s", root + "/lib/gen.c"},
		Generated: []string{root + "/lib/gen.h"},
		Include:   []string{"lib", root + "/lib"},
	}
	objects, err := tc.Objects(t, lib)
	if err != nil {
		return "", err
	}
	archive, err := tc.Archive(t, lib.Owner, objects)
	if err != nil {
		return "", err
	}
	blink := &Library{Name: "blink", Archive: archive, Include: []string{"lib"}}
	app := Unit{Owner: Owner{Context: "app", Root: root, Dir: "app", Name: "hello"}, Sources: []string{"app/main.c"}}
	app.Use([]*Library{blink})
	if objects, err = tc.Objects(t, app); err != nil {
		return "", err
	}
	p := Program{Owner: app.Owner, Objects: objects, Libs: []*Library{blink}}
	if tc.about.format == "elf" {
		p.Flags = []string{"-nostdlib"}
	}
	return tc.Link(t, p)
}

func buildAll(cfg toolchain.Config, roots ...string) func(t *engine.Task) error {
	return func(t *engine.Task) error {
		tc, err := Load(t, cfg)
		if err != nil {
			return err
		}
		var programs []string
		for _, root := range roots {
			p, err := build(t, tc, root)
			if err != nil {
				return err
			}
			programs = append(programs, p)
		}
		return t.Build(programs...)
	}
}

// The same bytes come out in two workspaces and under two output roots.
func TestReproducible(t *testing.T) {
	eachSuite(t, func(t *testing.T, cfg toolchain.Config) {
		base := t.TempDir()
		var first map[string]string
		for _, dir := range []string{"one", "another/place, with spaces"} {
			for _, root := range []string{"_build/app", "_build/other@k"} {
				w := toolchaintest.At(t, filepath.Join(base, dir))
				project(w)
				w.Build(buildAll(cfg, root)).OK(t)
				sums := w.Digests(root)
				if first == nil {
					first = sums
				}
				toolchaintest.Same(t, dir+" "+root, first, sums)
			}
		}
	})
}

// Two contexts that do the same run it once.
func TestEqualContextsShare(t *testing.T) {
	eachSuite(t, func(t *testing.T, cfg toolchain.Config) {
		w := toolchaintest.New(t)
		project(w)
		b := w.Build(buildAll(cfg, "_build/app", "_build/other@k")).OK(t)
		want := []string{"ar lib/libblink.a", "cc app/main.c", "cc lib/a.c", "cc lib/g.S", "cc lib/gen.c", "cc lib/r.s", "cc lib/sub/a.c", "cp lib/gen.c", "cp lib/gen.h"}
		got := slices.DeleteFunc(b.Ran, func(n string) bool { return strings.HasPrefix(n, "link ") })
		if !slices.Equal(got, want) {
			t.Errorf("ran %q, want %q", got, want)
		}
		toolchaintest.Same(t, "contexts", w.Digests("_build/app"), w.Digests("_build/other@k"))
	})
}

// What changed is compiled again and nothing else; a comment stops at the
// object.
func TestIncremental(t *testing.T) {
	toolchaintest.Need(t, "gcc")
	w := toolchaintest.New(t)
	project(w)
	make := func() []string { return w.Build(buildAll(suites[0], "_build/app")).OK(t).Ran }
	make()
	for _, step := range []struct{ what, file, text, want string }{
		{"nothing", "lib/a.c", "#include \"gen.h\"\n#include \"util.h\"\nint f(void) { return GEN + g() + here()[0]; }\n", ""},
		{"a comment at the end", "lib/sub/a.c", "int h(void) { return 3; }\n/* three */\n", "cc lib/sub/a.c"},
		{"a source", "lib/sub/a.c", "int h(void) { return 4; }\n", "ar lib/libblink.a, cc lib/sub/a.c, link app/hello"},
		{"a header", "lib/util.h", "int f(void); int g(void); int gen(void);\nstatic inline const char *here(void) { return \"x\"; }\n", "ar lib/libblink.a, cc app/main.c, cc lib/a.c, link app/hello"},
		{"a header that hides another", "app/util.h", "int f(void);\nstatic const int x = 1;\n", "cc app/main.c, link app/hello"},
		{"a generated header", "lib/gen.h.in", "#define GEN 2\nstatic inline const char *made(void) { return __FILE__; }\n", "ar lib/libblink.a, cc lib/a.c, cc lib/gen.c, cp lib/gen.h, link app/hello"},
	} {
		w.Write(step.file, step.text)
		if got := strings.Join(make(), ", "); got != step.want {
			t.Errorf("%s: ran %q, want %q", step.what, got, step.want)
		}
	}
}

// Planning runs probes and nothing else.
func TestPlan(t *testing.T) {
	toolchaintest.Need(t, "gcc")
	w := toolchaintest.New(t)
	project(w)
	b := w.Plan(buildAll(suites[0], "_build/app"))
	if b.Err != nil || len(b.Ran) > 0 {
		t.Fatalf("ran %q: %v", b.Ran, b.Err)
	}
	planned := 0
	for _, a := range b.Plan {
		if a.Verdict == engine.WouldRun && !strings.HasPrefix(a.Name, "probe ") {
			planned++
		}
	}
	if planned != 10 {
		t.Errorf("%d actions are planned, want 10: %+v", planned, b.Plan)
	}
}

// A compiler wrapped in a script is identified by what it wraps, is the same
// wherever the script lies, and is another when the script is.
func TestIdentity(t *testing.T) {
	toolchaintest.Need(t, "gcc")
	w := toolchaintest.New(t)
	load := func(cc string) *Toolchain {
		t.Helper()
		var tc *Toolchain
		w.Build(func(t *engine.Task) (err error) {
			tc, err = Load(t, toolchain.Config{Kind: "cc", Name: "x", CC: cc})
			return err
		}).OK(t)
		return tc
	}
	script := func(dir, text string) string {
		name := filepath.Join(w.Dir, dir, "mycc")
		w.Write(dir+"/mycc", text)
		if err := os.Chmod(name, 0o777); err != nil {
			t.Fatal(err)
		}
		return name
	}
	const text = "#!/bin/sh\nexec gcc \"$@\"\n"
	a, b := load(script("one", text)), load(script("two/places", text))
	if a.Identity() != b.Identity() {
		t.Error("a compiler that was moved is another")
	}
	if c := load(script("one", text+"# changed\n")); c.Identity() == a.Identity() {
		t.Error("a compiler that was changed is the same")
	}
	if g := load("gcc"); g.Identity() == a.Identity() {
		t.Error("a wrapper is what it wraps")
	}
	roles, err := closureOf(w, "gcc")
	if err != nil {
		t.Fatal(err)
	}
	for _, role := range []string{"driver", "program cc1", "program as", "program ld", "dynamic linker", "library libc.so.6"} {
		if !slices.Contains(roles, role) {
			t.Errorf("gcc's closure lacks %s: %q", role, roles)
		}
	}
}

func closureOf(w *toolchaintest.World, cc string) (roles []string, err error) {
	b := w.Build(func(t *engine.Task) error {
		tc, err := Load(t, toolchain.Config{Kind: "cc", Name: "x", CC: cc})
		if err != nil {
			return err
		}
		c, err := tc.layout.closure(t)
		if err == nil {
			for role := range c.Roles() {
				roles = append(roles, role)
			}
		}
		return err
	})
	return roles, b.Err
}

// Probes run once for a compiler, and the answers are kept.
func TestProbesAreCached(t *testing.T) {
	toolchaintest.Need(t, "gcc")
	w := toolchaintest.New(t)
	w.Store = t.TempDir()
	load := func(t *engine.Task) error { _, err := Load(t, suites[0]); return err }
	if b := w.Build(load).OK(t); len(b.Probes) != 5 {
		t.Errorf("probes: %q, want 5", b.Probes)
	}
	if b := w.Build(load).OK(t); len(b.Probes) != 0 {
		t.Errorf("probed again: %q", b.Probes)
	}
	other := toolchaintest.New(t)
	other.Store = w.Store
	if b := other.Build(load).OK(t); len(b.Probes) != 0 {
		t.Errorf("another workspace probed again: %q", b.Probes)
	}
}

func TestLoadErrors(t *testing.T) {
	toolchaintest.Need(t, "gcc", "riscv64-unknown-elf-gcc")
	w := toolchaintest.New(t)
	load := func(cfg toolchain.Config) error {
		return w.Build(func(t *engine.Task) error { _, err := Load(t, cfg); return err }).Err
	}
	var missing *toolchain.MissingError
	err := load(toolchain.Config{Kind: "cc", Name: "a", Target: "riscv32-unknown-elf"})
	if !errors.As(err, &missing) || !strings.Contains(toolchain.Hint(err), `cc = "riscv64-unknown-elf-gcc"`) ||
		!strings.Contains(toolchain.Hint(err), "gcc-riscv64-unknown-elf") {
		t.Errorf("missing: %v\n%s", err, toolchain.Hint(err))
	}
	var target *toolchain.TargetError
	err = load(toolchain.Config{Kind: "cc", Name: "b", CC: "riscv64-unknown-elf-gcc", Target: "riscv32-unknown-elf"})
	if !errors.As(err, &target) || target.Found != "riscv64-unknown-elf" || !strings.Contains(toolchain.Hint(err), "-mabi=ilp32") {
		t.Errorf("target: %v\n%s", err, toolchain.Hint(err))
	}
	err = load(toolchain.Config{Kind: "cc", Name: "c", CC: "riscv64-unknown-elf-gcc", Target: "riscv64-unknown-elf", Flags: []string{"-march=rv32imac", "-mabi=ilp32"}})
	if !errors.As(err, &target) || !strings.Contains(err.Error(), "without the flags") {
		t.Errorf("target under flags: %v", err)
	}
	var probe *toolchain.ProbeError
	err = load(toolchain.Config{Kind: "cc", Name: "d", CC: "gcc", Flags: []string{"-mno-such-thing"}})
	if !errors.As(err, &probe) || !strings.Contains(err.Error(), "-mno-such-thing") || strings.Contains(err.Error(), "Configured with") {
		t.Errorf("probe: %v", err)
	}
}

// After a build the trace alone tells that nothing is to be done.
func TestNull(t *testing.T) {
	toolchaintest.Need(t, "gcc")
	w := toolchaintest.New(t)
	project(w)
	w.Build(buildAll(suites[0], "_build/app")).OK(t)
	if !w.Null() {
		t.Error("the trace does not answer after a build")
	}
	w.Write("lib/sub/a.c", "int h(void) { return 5; }\n")
	if w.Null() {
		t.Error("a source changed and the trace says that nothing is to be done")
	}
}

// C++ is linked with its runtime, and initialisers get the same names.
func TestCxx(t *testing.T) {
	for _, cfg := range suites[:2] {
		t.Run(cfg.Name, func(t *testing.T) {
			toolchaintest.Need(t, cfg.CC, "g++")
			var first map[string]string
			for range 2 {
				w := toolchaintest.New(t)
				w.Write("app/main.cc", "#include <iostream>\nnamespace { struct S { S() { std::cout << \"hello\\n\"; } } s; }\nint main() {}\n")
				w.Build(func(t *engine.Task) error {
					tc, err := Load(t, cfg)
					if err != nil {
						return err
					}
					u := Unit{Owner: Owner{Root: "_build/app", Dir: "app", Name: "hello"}, Sources: []string{"app/main.cc"}}
					objects, err := tc.Objects(t, u)
					if err != nil {
						return err
					}
					p, err := tc.Link(t, Program{Owner: u.Owner, Objects: objects, Cxx: true})
					if err != nil {
						return err
					}
					return t.Build(p)
				}).OK(t)
				if got := w.Output("_build/app/app/hello"); got != "hello\n" {
					t.Errorf("it prints %q", got)
				}
				sums := w.Digests("_build/app")
				if first == nil {
					first = sums
				}
				toolchaintest.Same(t, "workspaces", first, sums)
			}
		})
	}
}

// A prefix is where the tools are, whatever PATH has.
func TestPrefix(t *testing.T) {
	toolchaintest.Need(t, "gcc")
	w := toolchaintest.New(t)
	w.Write("opt/bin/gcc", "#!/bin/sh\nexec gcc \"$@\"\n")
	driver := filepath.Join(w.Dir, "opt/bin/gcc")
	if err := os.Chmod(driver, 0o777); err != nil {
		t.Fatal(err)
	}
	load := func(prefix string) (*Toolchain, error) {
		var tc *Toolchain
		b := w.Build(func(t *engine.Task) (err error) {
			tc, err = Load(t, toolchain.Config{Kind: "cc", Name: "x", Prefix: filepath.Join(w.Dir, prefix)})
			return err
		})
		return tc, b.Err
	}
	if tc, err := load("opt"); err != nil || tc.Driver() != driver {
		t.Errorf("found %v, %v", tc, err)
	}
	var missing *toolchain.MissingError
	if _, err := load("nowhere"); !errors.As(err, &missing) || !strings.Contains(err.Error(), "nowhere/bin") {
		t.Errorf("found in a prefix that is not there: %v", err)
	}
}
