package cc

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"erg.build/erg/engine/action"
	"erg.build/erg/toolchain"
)

func TestDescribe(t *testing.T) {
	base := "#define __GNUC__ 12\n#define __GNUC_MINOR__ 2\n#define __GNUC_PATCHLEVEL__ 0\n#define __BYTE_ORDER__ __ORDER_LITTLE_ENDIAN__\n"
	for _, c := range []struct {
		macros, machine string
		want            about
	}{
		{
			base + "#define __x86_64__ 1\n#define __SIZEOF_POINTER__ 8\n", "x86_64-linux-gnu",
			about{target: "x86_64-linux-gnu", arch: "x86_64", wordSize: 64, endian: "little", family: "gcc", version: "12.2.0", format: "elf"},
		},
		{ // -m32
			base + "#define __i386__ 1\n#define __SIZEOF_POINTER__ 4\n", "x86_64-linux-gnu",
			about{target: "i686-linux-gnu", arch: "i686", wordSize: 32, endian: "little", family: "gcc", version: "12.2.0", format: "elf"},
		},
		{ // -mx32
			base + "#define __x86_64__ 1\n#define __SIZEOF_POINTER__ 4\n", "x86_64-linux-gnu",
			about{target: "x86_64-linux-gnux32", arch: "x86_64", wordSize: 32, endian: "little", family: "gcc", version: "12.2.0", format: "elf"},
		},
		{ // -march=rv32imac -mabi=ilp32
			base + "#define __riscv 1\n#define __riscv_xlen 32\n#define __SIZEOF_POINTER__ 4\n", "riscv64-unknown-elf",
			about{target: "riscv32-unknown-elf", arch: "riscv32", wordSize: 32, endian: "little", family: "gcc", version: "12.2.0", format: "elf"},
		},
		{
			base + "#define __x86_64__ 1\n#define _WIN32 1\n#define __SIZEOF_POINTER__ 8\n", "x86_64-w64-mingw32",
			about{target: "x86_64-w64-mingw32", arch: "x86_64", wordSize: 64, endian: "little", family: "gcc", version: "12.2.0", format: "pe"},
		},
		{ // a processor that no macro tells of
			base + "#define __SIZEOF_POINTER__ 2\n", "pdp11-aout",
			about{target: "pdp11-aout", arch: "pdp11", wordSize: 16, endian: "little", family: "gcc", version: "12.2.0", format: "elf"},
		},
		{
			"#define __GNUC__ 4\n#define __clang__ 1\n#define __clang_major__ 14\n#define __clang_minor__ 0\n#define __clang_patchlevel__ 6\n" +
				"#define __BYTE_ORDER__ __ORDER_BIG_ENDIAN__\n#define __powerpc64__ 1\n#define __SIZEOF_POINTER__ 8\n", "powerpc64-unknown-linux-gnu",
			about{target: "powerpc64-unknown-linux-gnu", arch: "powerpc64", wordSize: 64, endian: "big", family: "clang", version: "14.0.6", format: "elf"},
		},
	} {
		c.want.machine = c.machine
		got, err := describe(parseMacros(c.macros), c.machine)
		if err != nil || got != c.want {
			t.Errorf("%s:\n got %+v, %v\nwant %+v", c.machine, got, err, c.want)
		}
	}
	if _, err := describe(map[string]string{"__TINYC__": "1"}, "x86_64-linux-gnu"); err == nil {
		t.Error("a compiler unlike gcc passes")
	}
}

func TestParseSearchDirs(t *testing.T) {
	programs, libraries := parseSearchDirs("install: /usr/lib/gcc/x/12/\nprograms: =/usr/lib/gcc/x/12/:/usr/lib/gcc/x/12/:/usr/x/bin/\nlibraries: =/usr/lib/gcc/x/12/:/usr/lib/gcc/x/12/../../../:/lib/\n")
	if want := []string{"/usr/lib/gcc/x/12", "/usr/x/bin"}; !slices.Equal(programs, want) {
		t.Errorf("programs %q", programs)
	}
	if want := []string{"/usr/lib/gcc/x/12", "/usr/lib", "/lib"}; !slices.Equal(libraries, want) {
		t.Errorf("libraries %q", libraries)
	}
}

func TestObjectNames(t *testing.T) {
	o := Owner{Root: "_build/app", Dir: "lib", Name: "x"}
	got, err := objectNames(o, []string{
		"lib/a.c", "lib/sub/a.c", "lib/b.c", "lib/b.S", "_build/app/lib/gen.c", "other/a.c",
		"_build/app/other/gen.c", "_build/tools/lib/gen.c", "_build/host/lib/gen.c", "/usr/src/x.c",
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range got {
		got[i] = strings.TrimPrefix(got[i], "_build/app/lib/.objs/x/")
	}
	want := []string{"a.o", "sub/a.o", "b.c.o", "b.S.o", "gen.o", "@/other/a.o", "@/other/gen.o", "@0/lib/gen.o", "@1/lib/gen.o", "@/usr/src/x.o"}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	for _, bad := range [][]string{{"lib/a.ml"}, {"lib/a.c", "lib/a.c"}} {
		if _, err := objectNames(o, bad); err == nil {
			t.Errorf("%q pass", bad)
		}
	}
}

func TestClosureOrder(t *testing.T) {
	a := &Library{Name: "a"}
	b := &Library{Name: "b", Deps: []*Library{a}}
	c := &Library{Name: "c", Deps: []*Library{a, b}}
	d := &Library{Name: "d"}
	var names []string
	for _, l := range Closure([]*Library{a, c, d}) {
		names = append(names, l.Name)
	}
	if got := strings.Join(names, " "); got != "c b a d" {
		t.Errorf("link order %s", got)
	}
}

// golden is a command line with tokens spelled as the key spells them.
func golden(s action.Spec) string {
	roots := s.Roots()
	var words []string
	for _, a := range s.Argv {
		words = append(words, action.Expand(a, func(p string, abs bool) string {
			if abs {
				return "ABS(" + roots.Canonical(p) + ")"
			}
			return roots.Canonical(p)
		}))
	}
	return strings.Join(words, " ")
}

func TestCompileArgv(t *testing.T) {
	tc := &Toolchain{
		cfg:    toolchain.Config{Flags: []string{"-march=rv32imac"}},
		layout: &layout{driver: "/opt/bin/gcc", path: "/usr/bin:/bin", includes: []string{"/usr/include"}},
		about:  about{family: "gcc", version: "12.2.0", format: "elf"},
	}
	u := Unit{
		Owner:     Owner{Root: "_build/app", Dir: "lib", Name: "x", Profile: "release"},
		Include:   []string{"lib", "_build/app/lib"},
		Defines:   []string{"N=1"},
		Flags:     []string{"-Wall", "-Iextra"},
		Generated: []string{"_build/app/lib/gen.h"},
	}
	s := tc.compile(u, "lib/a.c", "_build/app/lib/.objs/x/a.o", tc.compileFlags(u), nil)
	want := "/opt/bin/gcc -O2 -g -march=rv32imac -Is:lib -Io:lib -DN=1 -Wall -Iextra " +
		"-ffile-prefix-map=ABS(s:.)=. -ffile-prefix-map=o:/= -MD -MF o:lib/.objs/x/a.o.d -c -o o:lib/.objs/x/a.o s:lib/a.c"
	if got := golden(s); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if want := []string{"lib", "_build/app/lib", "extra", "/usr/include"}; !slices.Equal(s.Include, want) {
		t.Errorf("search order %q, want %q", s.Include, want)
	}
	other := u
	other.Sources = []string{"_build/.source.z/tree/a.c", "_build/.source.z/tree/b.c"}
	other.Include = []string{"_build/base/lib", "_build/app/lib"}
	if got, want := otherRoots(other), []string{"_build/.source.z", "_build/base"}; !slices.Equal(got, want) {
		t.Errorf("other roots %q, want %q", got, want)
	}
	if !reflect.DeepEqual(s.Order, u.Generated) || s.Name != "cc lib/a.c" {
		t.Errorf("%+v", s)
	}
	s = tc.compile(u, "lib/a.s", "_build/app/lib/.objs/x/a.o", nil, nil)
	want = "/opt/bin/gcc -Xassembler --debug-prefix-map=ABS(s:.)=. -Xassembler --debug-prefix-map=o:/= -c -o o:lib/.objs/x/a.o s:lib/a.s"
	if got := golden(s); got != want || s.Depfile != "" {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
