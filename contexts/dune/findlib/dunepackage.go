package findlib

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/contexts/dune/sexp"
)

// fromDunePackage describes a library by its package's dune-package file. No
// package and no error: the file does not have it.
func fromDunePackage(file string, text []byte, dir, name string) (*Package, error) {
	nodes, diags := sexp.Read(file, text)
	if diags.HasErrors() {
		return nil, &FileError{file, text, diags}
	}
	version := ""
	for _, n := range nodes {
		head, _ := n.Head()
		switch head {
		case "version":
			version = word(n, 1)
		case "library":
			f := fields(n.Items[1:])
			if f.word("name") != name {
				continue
			}
			p := f.library(dir)
			p.Name, p.File, p.Version, p.Root = name, file, version, dir
			return p, nil
		case "deprecated_library_name":
			f := fields(n.Items[1:])
			if f.word("old_public_name") != name {
				continue
			}
			to := f.word("new_public_name")
			if to == "" {
				at := n.Range
				return nil, &FileError{file, text, hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "Invalid dune-package file", Detail: fmt.Sprintf("It does not say what %s is called now.", name), Subject: &at}}}
			}
			return &Package{Name: name, File: file, Version: version, Root: dir, Dir: dir, Kind: Normal, Requires: []Require{{to, true}}}, nil
		}
	}
	return nil, nil
}

// Sites reads the sites of an installed package, the first of that name
// in the search path. found is false if there is none that dune installed.
func Sites(f FS, search []string, pkg string) (sites []Site, found bool, err error) {
	for _, dir := range search {
		at := path.Join(dir, pkg, "dune-package")
		text, err := f.ReadFile(at)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, false, err
		}
		nodes, diags := sexp.Read(at, text)
		if diags.HasErrors() {
			return nil, false, &FileError{at, text, diags}
		}
		for _, n := range fields(nodes).get("sites") {
			sites = append(sites, Site{word(n, 0), word(n, 1)})
		}
		return sites, true, nil
	}
	return nil, false, nil
}

// fields are the fields of a record. What is not known is passed over: newer
// versions of dune write more.
type fields []*sexp.Node

func (f fields) get(name string) []*sexp.Node {
	if n := f.node(name); n != nil {
		return n.Items[1:]
	}
	return nil
}

func (f fields) node(name string) *sexp.Node {
	for _, n := range f {
		if h, ok := n.Head(); ok && h == name {
			return n
		}
	}
	return nil
}

func (f fields) has(name string) bool {
	return slices.ContainsFunc(f, func(n *sexp.Node) bool { h, ok := n.Head(); return ok && h == name })
}

func (f fields) word(name string) string {
	if l := f.get(name); len(l) > 0 {
		s, _ := l[0].Text()
		return s
	}
	return ""
}

func (f fields) words(name string) []string {
	var out []string
	for _, n := range f.get(name) {
		if s, ok := n.Text(); ok {
			out = append(out, s)
		}
	}
	return out
}

// byMode reads ((byte a.cma) (native a.cmxa)).
func (f fields) byMode(name, dir string) map[string][]string {
	out := map[string][]string{}
	g := fields(f.get(name))
	for _, mode := range []string{Byte, Native} {
		out[mode] = in(dir, g.words(mode))
	}
	return out
}

func word(n *sexp.Node, i int) string {
	if len(n.Items) <= i {
		return ""
	}
	s, _ := n.Items[i].Text()
	return s
}

func (f fields) library(root string) *Package {
	name := f.word("name")
	parts := strings.Split(name, ".")
	p := &Package{
		Dir: path.Join(append([]string{root}, parts[1:]...)...), Known: true, Kind: Normal, Description: f.word("synopsis"),
		Archives: f.byMode("archives", root), Plugins: f.byMode("plugins", root),
		NativeArchives: in(root, f.words("native_archives")), ForeignObjects: in(root, f.words("foreign_objects")),
		JSRuntime: in(root, f.words("jsoo_runtime")), PPXRuntimeDeps: f.words("ppx_runtime_deps"),
		MainModule: f.word("main_module_name"), Modes: f.words("modes"), Implements: f.word("implements"),
		Default: f.word("default_implementation"), SourceDir: f.word("orig_src_dir"),
	}
	p.StubArchives = f.stubs(root)
	p.WasmRuntime = in(root, f.words("wasmoo_runtime"))
	p.PublicHeaders = in(root, f.words("public_headers"))
	objDir := fields(f.get("obj_dir"))
	p.PrivateDir, p.CmiDir = objDir.word("private_dir"), cmp.Or(objDir.word("public_cmi_ocaml_dir"), objDir.word("public_cmi_dir"))
	p.Driver, p.Backend = f.node("ppx.driver"), f.node("inline_tests.backend")
	if l := f.get("special_builtin_support"); len(l) == 1 {
		p.Special = l[0]
	}
	p.Instrumentation = f.word("instrumentation.backend")
	p.setKind(f)
	for _, n := range f.get("requires") {
		if h, ok := n.Head(); ok && h == "re_export" {
			p.Requires = append(p.Requires, Require{word(n, 1), true})
		} else if s, ok := n.Text(); ok {
			p.Requires = append(p.Requires, Require{Name: s})
		}
	}
	if l := f.get("modules"); len(l) > 0 {
		p.modules(l[0])
	}
	return p
}

func (p *Package) setKind(f fields) {
	l := f.get("kind")
	kind := f.word("kind")
	if len(l) > 0 && kind == "" { // (kind (ppx_rewriter (cookies …)))
		kind, _ = l[0].Head()
		p.Cookies = fields(l[0].Items).get("cookies")
	}
	p.Virtual = kind == "virtual" || f.has("virtual")
	if k := Kind(kind); k == Rewriter || k == Deriver {
		p.Kind = k
	}
}

// stubs reads foreign_archives, which is a list of files, or since 3.5 of
// lists by mode: ((for all) (files a.a)).
func (f fields) stubs(root string) []string {
	var out []string
	for _, n := range f.get("foreign_archives") {
		if s, ok := n.Text(); ok {
			out = append(out, s)
			continue
		}
		if h, _ := n.Head(); h == Byte || h == Native { // before 2.0
			out = append(out, fields{n}.words(h)...)
			continue
		}
		out = append(out, fields(n.Items).words("files")...)
	}
	slices.Sort(out)
	return in(root, slices.Compact(out))
}

// modules reads (singleton MODULE), (unwrapped MODULE…) or
// (wrapped (main_module_name M) (modules MODULE…) (alias_module MODULE)); of
// newer versions, (wrapped (group (alias MODULE) (modules MODULE…))).
func (p *Package) modules(n *sexp.Node) {
	head, ok := n.Head()
	if !ok {
		return
	}
	rest := n.Items[1:]
	switch head {
	case "singleton", "singleton_exe":
		p.Modules = append(p.Modules, module(rest, nil))
	case "unwrapped":
		p.list(rest, nil)
	case "wrapped":
		f := fields(rest)
		p.group(f, nil)
		if l := fields(f.get("wrapped")); l != nil {
			p.Transition = l.word("transition")
		}
		first := len(p.Modules)
		p.list(f.get("wrapped_compat"), nil)
		for i := range p.Modules[first:] {
			p.Modules[first+i].Compat = true
		}
	}
}

// group reads modules with a module that has names for them.
func (p *Package) group(f fields, within []string) {
	p.list(f.get("modules"), within)
	for _, name := range []string{"alias_module", "alias"} {
		if l := f.get(name); l != nil {
			p.Modules = append(p.Modules, module(l, within))
		}
	}
	if g := f.get("group"); g != nil {
		p.group(g, within)
	}
}

// list reads modules, which newer versions put into lists of one kind.
func (p *Package) list(nodes []*sexp.Node, within []string) {
	if len(nodes) == 1 && nodes[0].Kind == sexp.List && len(nodes[0].Items) > 0 {
		first := nodes[0].Items[0]
		if _, field := first.Head(); first.Kind == sexp.List && !field {
			nodes = nodes[0].Items // one list of them
		}
	}
	for _, n := range nodes {
		if n.Kind != sexp.List {
			continue
		}
		switch h, _ := n.Head(); h {
		case "module":
			p.Modules = append(p.Modules, module(n.Items[1:], within))
			continue
		case "group":
			p.group(n.Items[1:], append(slices.Clip(within), word(n, 1)))
			continue
		}
		if fields(n.Items).has("obj_name") {
			p.Modules = append(p.Modules, module(n.Items, within))
		}
	}
}

func module(nodes []*sexp.Node, within []string) Module {
	f := fields(nodes)
	if len(nodes) == 1 && !f.has("name") && nodes[0].Kind == sexp.List {
		f = nodes[0].Items
	}
	src := fields(f.get("source"))
	name := f.word("name")
	if name == "" { // since 3.7
		if l := src.words("path"); len(l) > 0 {
			name = l[len(l)-1]
		}
	}
	kind := f.word("kind")
	if l := f.get("kind"); len(l) > 0 && kind == "" {
		kind, _ = l[0].Head() // (alias (Sub))
	}
	return Module{Name: name, Group: within, Object: f.word("obj_name"), Private: f.word("visibility") == "private",
		Impl: f.has("impl") || src.has("impl"), Intf: f.has("intf") || src.has("intf"),
		Virtual: kind == "virtual", Alias: kind == "alias", Implements: kind == "impl_vmodule",
		ImplFile: fields(src.get("impl")).word("path"), IntfFile: fields(src.get("intf")).word("path")}
}

// Settle puts the directories of sections into a dune-package file that is being
// installed, for versions of dune that want them absolute. They are there for
// those who install into sites of the package.
func Settle(text []byte, dir func(section, pkg string) string) []byte {
	major, minor, ok := Lang(text)
	if !ok || (Format{major, minor}) != Flat {
		return text
	}
	nodes, _ := sexp.Read("dune-package", text)
	f := fields(nodes)
	n := f.node("sections")
	if n == nil {
		return text
	}
	sections := of("sections")
	for _, s := range n.Items[1:] {
		name := word(s, 0)
		sections.add(of(name, dir(name, f.word("name"))))
	}
	var b strings.Builder
	b.Write(text[:n.Range.Start.Byte])
	sections.write(&b, 0)
	b.Write(text[n.Range.End.Byte:])
	return []byte(b.String())
}

// Lang reads the version of the language in which a dune-package file is
// written.
func Lang(text []byte) (major, minor int, ok bool) {
	nodes, _ := sexp.Read("dune-package", text)
	if len(nodes) == 0 || word(nodes[0], 0) != "lang" {
		return 0, 0, false
	}
	n, _ := fmt.Sscanf(word(nodes[0], 2), "%d.%d", &major, &minor)
	return major, minor, n == 2
}
