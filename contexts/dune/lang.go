package dune

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/contexts/dune/sexp"
)

// lastMinor is the last version of each major version of the language.
var lastMinor = map[int]int{1: 12, 2: 9, 3: Latest.Minor}

// An extVersion is a version of an extension, and the language that it needs.
type extVersion struct{ version, lang Version }

// extensions are what (using …) may name, oldest version first.
var extensions = map[string][]extVersion{
	"menhir": {
		{Version{1, 0}, Version{1, 0}}, {Version{1, 1}, Version{1, 4}}, {Version{2, 0}, Version{1, 4}},
		{Version{2, 1}, Version{2, 2}}, {Version{3, 0}, Version{3, 13}},
	},
	"fmt": {{Version{1, 0}, Version{1, 4}}, {Version{1, 1}, Version{1, 7}}, {Version{1, 2}, Version{1, 11}}},
	"mdx": {
		{Version{0, 1}, Version{2, 4}}, {Version{0, 2}, Version{3, 0}}, {Version{0, 3}, Version{3, 2}},
		{Version{0, 4}, Version{3, 8}}, {Version{0, 5}, Version{3, 22}},
	},
	"cinaps": {
		{Version{1, 0}, Version{1, 11}}, {Version{1, 1}, Version{3, 5}}, {Version{1, 2}, Version{3, 7}}, {Version{1, 3}, Version{3, 8}},
	},
	"ctypes":              {{Version{0, 1}, Version{3, 0}}, {Version{0, 2}, Version{3, 4}}, {Version{0, 3}, Version{3, 7}}},
	"dune_site":           {{Version{0, 1}, Version{2, 8}}},
	"action-plugin":       {{Version{0, 1}, Version{2, 0}}},
	"directory-targets":   {{Version{0, 1}, Version{3, 0}}},
	"mode_specific_stubs": {{Version{0, 1}, Version{3, 5}}},
	"dune-bootstrap-info": {{Version{0, 1}, Version{2, 0}}},
	"oxcaml":              {{Version{0, 1}, Version{3, 20}}},
	"melange":             {{Version{0, 1}, Version{3, 8}}, {Version{1, 0}, Version{3, 20}}},
	"experimental_building_ocaml_compiler_with_dune": {{Version{0, 1}, Version{1, 3}}},
	// Of the following, no version matters: they are refused where they are used.
	"coq": nil, "rocq": nil, "unreleased": nil,
}

// newestOf returns the newest version of an extension that a version of the
// language may use.
func newestOf(name string, lang Version) Version {
	newest := Version{0, 1}
	for _, v := range extensions[name] {
		if !lang.Less(v.lang) {
			newest = v.version
		}
	}
	return newest
}

var versionSyntax = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\A([0-9]{1,4})\.([0-9]{1,4})(.*)\z`) })

// version reads two numbers.
func (r *reader) version(n *sexp.Node) (Version, bool) {
	t := r.text(n)
	m := versionSyntax().FindStringSubmatch(t.Value)
	if m == nil {
		r.errorf(n.Range, "Invalid version", "A version is two numbers, as in %s.", Latest)
		return Version{}, false
	}
	major, _ := strconv.Atoi(m[1])
	minor, _ := strconv.Atoi(m[2])
	v := Version{major, minor}
	if m[3] != "" {
		if v.AtLeast(3, 0) {
			r.errorf(n.Range, "Invalid version", "A version is two numbers. Write %s.", v)
			return v, false
		}
		r.warnf(n.Range, "Invalid version", "The end of this version, %q, is ignored: it is taken for %s.", m[3], v)
	}
	return v, true
}

// langLine reads (lang dune VERSION), which must come first, and returns the rest.
func (r *reader) langLine(filename string, nodes []*sexp.Node) ([]*sexp.Node, hcl.Range, bool) {
	rng := startOf(filename, 0)
	if len(nodes) > 0 {
		rng = nodes[0].Range
	}
	if len(nodes) == 0 || len(nodes[0].Items) != 3 || !nodes[0].Items[0].IsAtom("lang") {
		r.errorf(rng, "No language", "The file must begin with (lang dune VERSION).")
		return nil, rng, false
	}
	if name := nodes[0].Items[1]; !name.IsAtom("dune") {
		r.errorf(name.Range, "Unknown language", "%s is no language of this file. It is dune.", name)
		return nil, rng, false
	}
	at := nodes[0].Items[2]
	v, ok := r.version(at)
	if !ok {
		return nil, rng, false
	}
	last, ok := lastMinor[v.Major]
	switch {
	case Latest.Less(v):
		r.errorf(at.Range, "Newer language", "Version %s of the dune language is not known here; the newest that is, is %s.", v, Latest)
		return nil, rng, false
	case !ok || v.Minor > last:
		r.errorf(at.Range, "Unknown language", "There is no version %s of the dune language.", v)
		return nil, rng, false
	}
	r.lang = v
	for _, n := range nodes[1:] {
		if head, _ := n.Head(); head == "lang" {
			r.errorf(n.Range, "Language given twice", "The language is said already, in line %d.", rng.Start.Line)
		}
	}
	return slices.DeleteFunc(slices.Clone(nodes[1:]), func(n *sexp.Node) bool { head, _ := n.Head(); return head == "lang" }), rng, true
}

// extensions reads (using NAME VERSION …)….
func (f *fields) extensions() {
	r := f.r
	r.using = make(map[string]Version)
	for _, a := range f.all("using") {
		if len(a.args) < 2 {
			r.errorf(a.at(), "Wrong field", "It is (using NAME VERSION).")
			continue
		}
		name := r.text(a.args[0])
		v, ok := r.version(a.args[1])
		known, exists := extensions[name.Value]
		switch _, twice := r.using[name.Value]; {
		case !ok:
		case name.Value == "library_variants":
			r.errorf(a.at(), "Removed from the language", "The extension library_variants was deleted in version 2.6 of the dune language. Virtual libraries need no extension.")
		case !exists:
			r.errorf(name.Range, "Unknown extension", "There is no extension %q.%s", name, hint(name.Value, slices.Collect(maps.Keys(extensions))))
		case twice:
			r.errorf(a.at(), "Extension given twice", "The extension %s is there already.", name)
		default:
			r.checkExtension(name, a.args[1], v, known)
			r.using[name.Value] = v
		}
	}
}

// checkExtension complains of a version of an extension that there is not, or
// not yet in this version of the language.
func (r *reader) checkExtension(name Text, at *sexp.Node, v Version, known []extVersion) {
	var have []string
	for _, k := range known {
		if k.version == v {
			need := since
			if !r.lang.AtLeast(2, 6) {
				need = sinceOrWarn
			}
			need(k.lang.Major, k.lang.Minor)(r, "Version "+v.String()+" of "+name.Value, at.Range)
			return
		}
		have = append(have, k.version.String())
	}
	if len(known) > 0 {
		r.errorf(at.Range, "Unknown version", "There is no version %s of %s. There is %s.", v, name, strings.Join(have, ", "))
	}
}
