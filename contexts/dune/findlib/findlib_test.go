package findlib

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// files is a file system in memory, with absolute paths.
type files map[string]string

func (f files) ReadFile(p string) ([]byte, error) {
	if s, ok := f[p]; ok {
		return []byte(s), nil
	}
	return nil, &fs.PathError{Op: "open", Path: p, Err: fs.ErrNotExist}
}

func (f files) Exists(p string) (bool, error) { _, ok := f[p]; return ok, nil }

const meta = `# A comment
version = "1.0"
description = "with \"quotes\" # and this"
requires = "a b"
requires(mt) = "a.mt"
requires(mt,-x) += "c"
requires(x) += "never"
archive(byte) = "p.cma"
archive(native) = "p.cmxa"
package "sub" (
  directory = "deep"
  exists_if = "no.cma,s.cma"
  archive(byte)="s.cma"
  package "sub" ( directory = "../other" )
)
package "up" ( directory = "^compiler-libs" )
package "gone" ( exists_if = "gone.cma" )
package "bad" ( error = "not here" )
`

func TestMeta(t *testing.T) {
	m, diags := ParseMeta("META", []byte(meta))
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	for _, c := range []struct {
		variable, predicates, want string
	}{
		{"requires", "", "a b"}, {"requires", "mt", "a.mt c"}, {"requires", "x", "a b never"}, {"requires", "mt x", "a.mt never"},
		{"description", "", `with "quotes" # and this`}, {"archive", "byte mt", "p.cma"}, {"archive", "", ""},
	} {
		if got, _ := m.Value(c.variable, strings.Fields(c.predicates)...); got != c.want {
			t.Errorf("%s(%s) is %q, want %q", c.variable, c.predicates, got, c.want)
		}
	}
}

func TestMetaErrors(t *testing.T) {
	for text, want := range map[string]string{
		"x = 1":                                "META:1,5-6: Invalid META file; Expected the value of x, in quotes.",
		"\n\nx \"v\"":                          "META:3,3-6: Invalid META file; Expected = or += after x.",
		"x(a b) = \"\"":                        "META:1,5-6: Invalid META file; Expected , or ) after a predicate.",
		"x(=":                                  "META:1,3-4: Invalid META file; Expected a predicate.",
		"package x ()":                         "META:1,9-10: Invalid META file; Expected the package's name, in quotes.",
		"package \"x\" y":                      "META:1,13-14: Invalid META file; Expected (, and what is said of package \"x\".",
		"package \"x\" (":                      "META:1,1-8: Invalid META file; The block of package \"x\" does not end.",
		"x = \"a\nb":                           "META:1,5-6: Invalid META file; This string does not end.",
		"a = \"\" )":                           "META:1,8-9: Invalid META file; Expected the name of a variable, or package.",
		"x ? \"\"":                             "META:1,3-4: Invalid META file; Unexpected character '?'.",
		strings.Repeat("package \"x\" (", 200): "Too many packages in each other.",
	} {
		_, diags := ParseMeta("META", []byte(text))
		if !diags.HasErrors() || !strings.Contains(diags.Error(), want) {
			t.Errorf("%.20q: %v\nwant %s", text, diags, want)
		}
	}
}

func TestFind(t *testing.T) {
	f := files{
		"/l/p/META": meta, "/l/p/deep/s.cma": "",
		"/l/META.flat":   "directory = \"p\"\narchive(byte) = \"f.cma\"",
		"/l/broken/META": "requires",
		"/l/d/META":      "archive(byte) = \"wrong\"\npackage \"only-meta\" ()",
		"/l/d/dune-package": `(lang dune 3.7) (name d) (version 2.0)
 (library (name d) (kind (ppx_rewriter)) (archives (byte d.cma) (native d.cmxa)) (plugins (native d.cmxs))
  (foreign_archives ((for all) (files libd_stubs.a))) (requires x (re_export y)) (ppx_runtime_deps r) (main_module_name D) (modes byte native)
  (modules (wrapped (group (alias (obj_name d) (kind alias) (impl (path d.ml-gen))) (name D)
    (modules (module (obj_name d__A) (source (path A) (intf (path a.mli)) (impl (path a.ml))))
             (module (obj_name d__B) (visibility private) (source (path B) (impl (path b.ml)))))) (wrapped true))))
 (deprecated_library_name (old_public_name d.old) (new_public_name d))
 (library (name d.v) (kind virtual) (implements q) (default_implementation d.i) (modules (singleton (name V) (obj_name v) (visibility public) (kind virtual) (intf))))`,
	}
	search := []string{"/none", "/l"}
	get := func(name string) *Package {
		t.Helper()
		p, err := Find(f, search, "/std", name)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	p := get("p")
	if p.Dir != "/l/p" || p.Version != "1.0" || !reflect.DeepEqual(p.Requires, []Require{{"a.mt", false}, {"c", false}}) || p.Archives[Native][0] != "/l/p/p.cmxa" || p.Known {
		t.Errorf("%+v", p)
	}
	if s := get("p.sub"); s.Dir != "/l/p/deep" || s.Archives[Byte][0] != "/l/p/deep/s.cma" || s.Version != "1.0" || s.Root != "/l/p" {
		t.Errorf("%+v", s)
	}
	if s := get("p.sub.sub"); s.Dir != "/l/p/other" {
		t.Errorf("%+v", s)
	}
	if s := get("p.up"); s.Dir != "/std/compiler-libs" {
		t.Errorf("%+v", s)
	}
	if s := get("flat"); s.Archives[Byte][0] != "/l/p/f.cma" {
		t.Errorf("%+v", s)
	}
	get("d.only-meta")
	d := get("d")
	if d.Kind != Rewriter || d.Archives[Byte][0] != "/l/d/d.cma" || d.Plugins[Native][0] != "/l/d/d.cmxs" || d.StubArchives[0] != "/l/d/libd_stubs.a" || d.MainModule != "D" ||
		!reflect.DeepEqual(d.Requires, []Require{{"x", false}, {"y", true}}) || !slices.Equal(d.PPXRuntimeDeps, []string{"r"}) ||
		!reflect.DeepEqual(d.Modules, []Module{{Name: "A", Object: "d__A", Impl: true, Intf: true, ImplFile: "a.ml", IntfFile: "a.mli"}, {Name: "B", Object: "d__B", Private: true, Impl: true, ImplFile: "b.ml"}, {Name: "", Object: "d", Impl: true, Alias: true}}) {
		t.Errorf("%+v", d)
	}
	if o := get("d.old"); !reflect.DeepEqual(o.Requires, []Require{{"d", true}}) {
		t.Errorf("%+v", o)
	}
	if v := get("d.v"); !v.Virtual || v.Implements != "q" || v.Default != "d.i" || !v.Modules[0].Virtual {
		t.Errorf("%+v", v)
	}
	for name, want := range map[string]string{
		"nothing": "library nothing is not installed", "p.gone": "library p.gone is hidden: there is no /l/p/gone.cma",
		"p.bad": "library p.bad is hidden: not here", "p.x": `library p.x is hidden: /l/p/META has no package "x"`,
		"../p": "library ../p is not installed", "": "library  is not installed",
	} {
		_, err := Find(f, search, "/std", name)
		var missing *NotFoundError
		if !errors.As(err, &missing) || err.Error() != want {
			t.Errorf("%s: %v", name, err)
		}
	}
	var broken *FileError
	if _, err := Find(f, search, "/std", "broken"); !errors.As(err, &broken) || broken.File != "/l/broken/META" {
		t.Errorf("broken: %v", err)
	}
}

func TestSearchPath(t *testing.T) {
	env := func(n string) string { return map[string]string{"OCAMLPATH": "/mine::/more"}[n] }
	f := files{"/etc/ocamlfind.conf": "path = \"/usr/local/lib/ocaml:/usr/lib/ocaml\"", "/o/lib/findlib.conf": `path="/o/lib"`, "/o/lib/findlib.conf.d/windows.conf": `path(windows)="/o/windows-sysroot/lib"`}
	for _, c := range []struct {
		c    Compiler
		want string
	}{
		{Compiler{Bin: "/usr/bin", Standard: "/usr/lib/ocaml", Getenv: env}, "/mine /more /usr/local/lib/ocaml /usr/lib/ocaml"},
		{Compiler{Bin: "/built/bin", Standard: "/built/lib/ocaml"}, "/built/lib /built/lib/ocaml"},
		{Compiler{Bin: "/o/bin", Standard: "/o/lib/ocaml"}, "/o/lib"},
		{Compiler{Bin: "/o/bin", Standard: "/o/lib/ocaml", Toolchain: "windows"}, "/o/windows-sysroot/lib"},
	} {
		got, err := SearchPath(f, c.c)
		if err != nil || strings.Join(got, " ") != c.want {
			t.Errorf("%+v: %q, %v", c.c, got, err)
		}
	}
	if _, err := SearchPath(f, Compiler{Bin: "/o/bin", Toolchain: "mars"}); err == nil || !strings.Contains(err.Error(), "/o/lib/findlib.conf does not have that toolchain") {
		t.Error(err)
	}
}

// same compares line by line.
func same(t *testing.T, file, have, got string) {
	t.Helper()
	a, b := strings.Split(have, "\n"), strings.Split(got, "\n")
	for i := range max(len(a), len(b)) {
		if i >= len(a) || i >= len(b) || a[i] != b[i] {
			t.Errorf("%s:%d: has\n%s\nwritten is\n%s", file, i+1, strings.Join(a[min(i, len(a)):min(i+3, len(a))], "\n"), strings.Join(b[min(i, len(b)):min(i+3, len(b))], "\n"))
			return
		}
	}
}

// Long lines are broken as dune breaks them.
func TestFolded(t *testing.T) {
	list := `"base compiler-libs.common ppx_bin_prot.shape-expander ppxlib ppxlib.ast ppxlib.metaquot"`
	sentence := `"Reads and writes values of all types in a format that is compact and quick to read"`
	for line, want := range map[string]string{
		`requires = "base ppxlib"`:         `  requires = "base ppxlib"`,
		"requires = " + list:               "  requires =\n  " + strings.ReplaceAll(list, " ", "\n   "),
		"requires(ppx_driver) = " + list:   "  requires(ppx_driver) = " + strings.ReplaceAll(list, " ", "\n"+strings.Repeat(" ", 26)),
		"requires = " + list[:74] + `"`:    "  requires =\n  " + list[:74] + `"`,
		"description = " + sentence:        "  description =\n  " + sentence,
		"archive(byte) = " + sentence[:79]: "  archive(byte) = " + strings.ReplaceAll(sentence[:79], " ", "\n"+strings.Repeat(" ", 19)),
		"exists_if(byte) = " + sentence:    "  exists_if(byte) = " + sentence,
	} {
		if got := folded("  ", line); got != want {
			t.Errorf("%s is\n%s\nnot\n%s", line, got, want)
		}
	}
}

// What dune wrote for installed packages can be read, and comes out the same
// when it is written again.
func TestInstalled(t *testing.T) {
	found, _ := filepath.Glob("/usr/lib/ocaml/*/dune-package")
	if len(found) == 0 {
		t.Skip("no packages of dune are installed")
	}
	n := 0
	for _, file := range found {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(string(text), "(lang dune 2.9)") || strings.Contains(string(text), "(sections") || strings.Contains(string(text), "(files") || strings.Contains(string(text), "(use_meta") || strings.Contains(string(text), "(ppx.driver") ||
			strings.Contains(string(text), "(special_builtin_support") || filepath.Base(filepath.Dir(file)) == "dune" { // nothing but a deprecated name
			continue
		}
		dir := filepath.Dir(file)
		pkg, version := filepath.Base(dir), ""
		var libs []*Package
		for line := range strings.Lines(string(text)) {
			switch x := strings.TrimSpace(line); {
			case strings.HasPrefix(line, "(version "):
				version = strings.TrimSuffix(strings.TrimPrefix(x, "(version "), ")")
			case strings.HasPrefix(line, " (name ") || strings.HasPrefix(line, "(library (name "):
				name, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(x, "(library "), "(name "), ")")
				p, err := fromDunePackage(file, text, "", name)
				if err != nil || p == nil {
					t.Errorf("%s: %s: %v", file, name, err)
					continue
				}
				libs = append(libs, p)
			}
		}
		n++
		same(t, file, string(text), (&DunePackage{Name: pkg, Version: version, Libraries: libs}).Text(Flat))
		if !strings.Contains(string(text), "ppx_") && !strings.Contains(string(text), "jsoo_runtime") { // what needs the closure of runtime dependencies
			have, err := os.ReadFile(filepath.Join(dir, "META"))
			if err != nil {
				t.Fatal(err)
			}
			same(t, filepath.Join(dir, "META"), string(have), (&MetaFile{Version: version, Libraries: libs}).Text())
		}
	}
	t.Logf("%d packages", n)
}

func FuzzMeta(f *testing.F) {
	f.Add(meta)
	f.Add("package \"a\" (package \"b\" (x(-a,b) += \"\\\"\"))")
	f.Fuzz(func(t *testing.T, text string) {
		m, diags := ParseMeta("META", []byte(text))
		for _, d := range diags {
			if d.Subject == nil || d.Subject.Start.Byte > len(text) || d.Subject.End.Byte > len(text) {
				t.Errorf("%v lies outside", d)
			}
		}
		m.Value("requires", "mt")
		_, _ = fromMeta(files{}, "META", []byte(text), "/d", "/s", "d.a.b")
	})
}

func FuzzDunePackage(f *testing.F) {
	f.Add(`(lang dune 3.0) (library (name d) (modules (wrapped (group (alias (obj_name d)) (modules (module (obj_name a) (source (path A))))))))`)
	f.Add(`(library (name d) (kind ()) (foreign_archives (() x)) (modules (unwrapped (((name A) (obj_name a)))))) (deprecated_library_name)`)
	f.Fuzz(func(t *testing.T, text string) {
		p, err := fromDunePackage("dune-package", []byte(text), "/d", "d")
		if err == nil && p != nil {
			d := &DunePackage{Name: "d", Libraries: []*Package{p}}
			d.Text(Flat)
			d.Text(Groups)
			Settle([]byte(text), func(section, pkg string) string { return "/" + pkg + "/" + section })
		}
	})
}

// What a version of dune writes depends on it, and not on what it describes.
func TestFormatFor(t *testing.T) {
	for _, c := range []struct {
		major, minor int
		want         Format
	}{{1, 0, Flat}, {2, 9, Flat}, {3, 0, Groups}, {3, 10, Groups}, {3, 11, Groups}, {3, 17, Format{3, 17}}, {3, 99, newest}, {4, 0, newest}} {
		if got := FormatFor(c.major, c.minor); got != c.want {
			t.Errorf("for %d.%d: %s", c.major, c.minor, got)
		}
	}
	for _, text := range []string{"", "(lang)", "(lang dune)", "(lang dune x.1)", "(name a)", "(", "(lang dune 3)"} {
		if major, minor, ok := Lang([]byte(text)); ok {
			t.Errorf("%q is of %d.%d", text, major, minor)
		}
	}
}

// Modules in groups are read as they are written.
func TestGroups(t *testing.T) {
	text := `(lang dune 3.25)
(name q)
(files (lib (META q.cma)))
(library
 (name q)
 (kind normal)
 (foreign_archives (archives (for all) (files libq_stubs.a)))
 (main_module_name Q)
 (obj_dir
  (private_dir .private)
  (public_cmi_ocaml_dir .public_cmi)
  (public_cmi_melange_dir melange/.public_cmi_melange))
 (modules
  (wrapped
   (group
    (alias
     (obj_name q)
     (visibility public)
     (kind alias)
     (source (path Q) (impl (path q.ml-gen))))
    (name Q)
    (modules
     (module
      (obj_name q__M)
      (visibility private)
      (source (path M) (intf (path m.mli)) (impl (path m.ml))))
     (group
      Sub
      (alias
       (obj_name q__Sub)
       (visibility public)
       (kind (alias (Sub)))
       (source (path Sub Sub) (impl (path q__Sub.ml-gen))))
      (name Sub)
      (modules
       (module
        (obj_name q__Sub__N)
        (visibility public)
        (source (path Sub N) (impl (path sub/n.ml))))))))
   (wrapped_compat
    ((obj_name m)
     (visibility public)
     (kind wrapped_compat)
     (source (path M) (impl (path .wrapped_compat/M.ml-gen)))))
   (wrapped (transition "say Q.M")))))
`
	p, err := fromDunePackage("dune-package", []byte(text), "", "q")
	if err != nil {
		t.Fatal(err)
	}
	p.Archives = map[string][]string{}
	d := &DunePackage{Name: "q", Libraries: []*Package{p}, Files: []SectionFiles{{"lib", []string{"META", "q.cma"}}}}
	same(t, "dune-package", text, d.Text(newest))
}
