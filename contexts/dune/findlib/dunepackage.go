package findlib

import (
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
	p.PrivateDir = fields(f.get("obj_dir")).word("private_dir")
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
		p.Modules = append(p.Modules, module(rest))
	case "unwrapped":
		p.list(rest)
	case "wrapped":
		p.group(rest)
	}
}

// group reads modules with a module that has names for them.
func (p *Package) group(f fields) {
	p.list(f.get("modules"))
	for _, name := range []string{"alias_module", "alias"} {
		if l := f.get(name); l != nil {
			p.Modules = append(p.Modules, module(l))
		}
	}
	if g := f.get("group"); g != nil {
		p.group(g)
	}
}

// list reads modules, which newer versions put into lists of one kind.
func (p *Package) list(nodes []*sexp.Node) {
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
			p.Modules = append(p.Modules, module(n.Items[1:]))
			continue
		case "group":
			p.group(n.Items[1:])
			continue
		}
		if fields(n.Items).has("obj_name") {
			p.Modules = append(p.Modules, module(n.Items))
		}
	}
}

func module(nodes []*sexp.Node) Module {
	f := fields(nodes)
	if len(nodes) == 1 && !f.has("name") && nodes[0].Kind == sexp.List {
		f = nodes[0].Items
	}
	name := f.word("name")
	if name == "" {
		if l := f.words("source"); len(l) > 0 {
			name = l[len(l)-1]
		} else if l := f.get("source"); len(l) > 0 && l[0].Kind == sexp.List && len(l[0].Items) > 0 {
			name, _ = l[0].Items[len(l[0].Items)-1].Text()
		}
	}
	kind := f.word("kind")
	src := fields(f.get("source"))
	return Module{Name: name, Object: f.word("obj_name"), Private: f.word("visibility") == "private",
		Impl: f.has("impl") || src.has("impl"), Intf: f.has("intf") || src.has("intf"), Virtual: kind == "virtual", Alias: kind == "alias"}
}
