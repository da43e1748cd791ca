package dune

import (
	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/contexts/dune/sexp"
)

// fields are the fields of a stanza, of which readers ask for those that they
// know; end complains of the others.
type fields struct {
	r     *reader
	what  string // "a library stanza"
	rng   hcl.Range
	items map[string][]*sexp.Node
	order []string
	known []string
}

// A field is one that is there. All methods of a nil field return what its
// absence means, mostly the zero value.
type field struct {
	r    *reader
	name string
	node *sexp.Node
	args []*sexp.Node
}

// fields sorts the items of a list, (name args…) each, by name.
func (r *reader) fields(what string, rng hcl.Range, items []*sexp.Node) *fields {
	f := &fields{r: r, what: what, rng: rng, items: make(map[string][]*sexp.Node)}
	stray := false // one is enough: a lost parenthesis leaves all words of a field behind
	for _, n := range items {
		name, ok := n.Head()
		if !ok {
			if !stray {
				r.errorf(n.Range, summaryNoField, "A field is expected here: (NAME VALUE…).")
			}
			stray = true
			continue
		}
		if f.items[name] == nil {
			f.order = append(f.order, name)
		}
		f.items[name] = append(f.items[name], n)
	}
	return f
}

func (f *fields) newField(name string, n *sexp.Node, checks []check) *field {
	for _, c := range checks {
		c(f.r, "'"+name+"'", n.Range)
	}
	return &field{r: f.r, name: name, node: n, args: n.Items[1:]}
}

// get returns a field that may be there once, or nil.
func (f *fields) get(name string, checks ...check) *field {
	f.known = append(f.known, name)
	nodes := f.items[name]
	if len(nodes) == 0 {
		return nil
	}
	for _, n := range nodes[1:] {
		f.r.errorf(n.Range, "Field given twice", "The field %q of %s is there already, in line %d.", name, f.what, nodes[0].Range.Start.Line)
	}
	return f.newField(name, nodes[0], checks)
}

// all returns a field that may be there any number of times.
func (f *fields) all(name string, checks ...check) []*field {
	f.known = append(f.known, name)
	var all []*field
	for _, n := range f.items[name] {
		all = append(all, f.newField(name, n, checks))
	}
	return all
}

// need returns a field that must be there.
func (f *fields) need(name string, checks ...check) *field {
	field := f.get(name, checks...)
	if field == nil {
		f.missing(name)
	}
	return field
}

func (f *fields) missing(name string) {
	f.r.errorf(f.rng, summaryMissing, "The field %q of %s is missing.", name, f.what)
}

// either returns one of two fields that exclude each other.
func (f *fields) either(a, b *field) *field {
	if a != nil && b != nil {
		f.r.errorf(b.node.Range, "Two fields for one", "The fields %q and %q of %s exclude each other.", a.name, b.name, f.what)
	}
	if a != nil {
		return a
	}
	return b
}

// ignore is for fields that are nothing to a build by erg, which a note of
// that topic says.
func (f *fields) ignore(topic, text string, names ...string) {
	for _, name := range names {
		for _, field := range f.all(name) {
			f.r.note(field.node.Range, topic, "%s", text)
		}
	}
}

// end complains of fields that nobody asked for.
func (f *fields) end() {
	asked := make(map[string]bool, len(f.known))
	for _, name := range f.known {
		asked[name] = true
	}
	for _, name := range f.order {
		if !asked[name] {
			at := f.items[name][0]
			f.r.errorf(at.Items[0].Range, summaryUnknown, "There is no field %q in %s.%s", name, f.what, hint(name, f.known))
		}
	}
}

// one returns the only argument, or nil after complaining.
func (a *field) one() *sexp.Node {
	switch {
	case a == nil:
	case len(a.args) == 0:
		a.r.errorf(a.node.Range, "Missing value", "The field %q needs a value.", a.name)
	case len(a.args) > 1:
		a.r.errorf(a.args[1].Range, "Too many values", "The field %q has one value.", a.name)
		return a.args[0]
	default:
		return a.args[0]
	}
	return nil
}

func (a *field) text() Text {
	if n := a.one(); n != nil {
		return a.r.text(n)
	}
	return Text{}
}

func (a *field) texts() []Text {
	if a == nil {
		return nil
	}
	return a.r.texts(a.args)
}

// strings returns texts of which no place matters.
func (a *field) strings() []string {
	var values []string
	for _, t := range a.texts() {
		values = append(values, t.Value)
	}
	return values
}

// someTexts returns at least one text.
func (a *field) someTexts() []Text {
	if a != nil && len(a.args) == 0 {
		a.one()
	}
	return a.texts()
}

func (a *field) template() Template {
	if n := a.one(); n != nil {
		return a.r.template(n)
	}
	return Template{}
}

func (a *field) templates() []Template {
	if a == nil {
		return nil
	}
	return a.r.templates(a.args)
}

func (a *field) word(words ...string) string {
	if n := a.one(); n != nil {
		return a.r.word(n, words...)
	}
	return ""
}

// truth reads (name true) or (name false).
func (a *field) truth() bool {
	if n := a.one(); n != nil {
		return a.r.truth(n)
	}
	return false
}

// flag reads (name), which is true, or as truth.
func (a *field) flag() bool { return a.flagOr(false) }

// flagOr is flag with what the absence of the field means.
func (a *field) flagOr(absent bool) bool {
	switch {
	case a == nil:
		return absent
	case len(a.args) == 0:
		return true
	}
	return a.truth()
}

// fields returns the fields that are the arguments of this one.
func (a *field) fields() *fields {
	return a.r.fields("("+a.name+" …)", a.node.Range, a.args)
}

// at returns the place of a field, or the zero range.
func (a *field) at() hcl.Range {
	if a == nil {
		return hcl.Range{}
	}
	return a.node.Range
}
