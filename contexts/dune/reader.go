package dune

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/contexts/dune/sexp"
	"erg.build/erg/contexts/lang"
)

// A reader turns s-expressions into structs and gathers what is wrong. It goes
// on after a mistake, with the zero value of what it could not read.
type reader struct {
	lang  Version
	using map[string]Version // extensions
	vars  []string           // variables that named dependencies define
	diags hcl.Diagnostics
}

// parse reads the syntax of a file.
func (r *reader) parse(filename string, src []byte) []*sexp.Node {
	nodes, diags := sexp.Read(filename, src)
	r.diags = append(r.diags, diags...)
	if diags.HasErrors() {
		return nil // what lies in what is not known
	}
	return nodes
}

func (r *reader) errorf(rng hcl.Range, summary, format string, args ...any) {
	r.diags = append(r.diags, errorAt(rng, summary, format, args...)...)
}

func (r *reader) warnf(rng hcl.Range, summary, format string, args ...any) {
	d := errorAt(rng, summary, format, args...)[0]
	d.Severity = hcl.DiagWarning
	r.diags = append(r.diags, d)
}

// note says that something is understood and does nothing here.
func (r *reader) note(rng hcl.Range, topic, format string, args ...any) {
	d := errorAt(rng, "Without effect", format, args...)[0]
	d.Severity, d.Extra = hcl.DiagWarning, Note{Topic: topic}
	r.diags = append(r.diags, d)
}

// hint returns ` Did you mean "x"?` if a candidate is close to name.
func hint(name string, candidates []string) string {
	slices.Sort(candidates)
	if s := lang.Suggest(name, candidates); s != "" {
		return fmt.Sprintf(" Did you mean %q?", s)
	}
	return ""
}

// A check judges whether a field, a stanza or a value may be used in this project.
type check func(r *reader, what string, rng hcl.Range)

// since is for what came with a version of the language.
func since(major, minor int) check {
	return func(r *reader, what string, rng hcl.Range) {
		if v := (Version{major, minor}); r.lang.Less(v) {
			r.errorf(rng, summaryNewer, "%s is only available since version %s of the dune language, and this project uses %s. Say (lang dune %s) in dune-project.", what, v, r.lang, v)
		}
	}
}

// sinceOrWarn is since, for what older versions took all the same.
func sinceOrWarn(major, minor int) check {
	return func(r *reader, what string, rng hcl.Range) {
		if v := (Version{major, minor}); r.lang.Less(v) {
			r.warnf(rng, summaryNewer, "%s is only available since version %s of the dune language, and this project uses %s. It is taken all the same.", what, v, r.lang)
		}
	}
}

// deletedIn is for what went with a version of the language.
func deletedIn(major, minor int, instead string) check {
	return func(r *reader, what string, rng hcl.Range) {
		if v := (Version{major, minor}); !r.lang.Less(v) {
			r.errorf(rng, "Removed from the language", "%s was deleted in version %s of the dune language.%s", what, v, instead)
		}
	}
}

// extension is for what came with a version of an extension.
func extension(name string, major, minor int) check {
	return func(r *reader, what string, rng hcl.Range) {
		v, ok := r.using[name]
		need := Version{major, minor}
		switch {
		case !ok:
			r.errorf(rng, "Extension needed", "%s is available only when %s is enabled. Say (using %s %s) in dune-project.", what, name, name, newestOf(name, r.lang))
		case v.Less(need):
			r.errorf(rng, "Newer extension needed", "%s is only available since version %s of %s, and this project uses %s. Say (using %s %s) in dune-project.", what, need, name, v, name, need)
		}
	}
}

// text reads text without variables.
func (r *reader) text(n *sexp.Node) Text {
	value, ok := n.Text()
	switch {
	case n.Kind == sexp.List:
		r.errorf(n.Range, summaryNoText, "Text is expected here, not a list.")
	case !ok:
		r.errorf(n.Range, "No variables here", "Variables may not be used here.")
	}
	return Text{value, n.Range}
}

func (r *reader) texts(nodes []*sexp.Node) []Text {
	var texts []Text
	for _, n := range nodes {
		texts = append(texts, r.text(n))
	}
	return texts
}

// template reads text that may hold variables.
func (r *reader) template(n *sexp.Node) Template {
	if n.Kind == sexp.List {
		r.errorf(n.Range, summaryNoText, "Text is expected here, not a list.")
	}
	t := Template{Parts: n.Parts, Quoted: n.Kind == sexp.Quoted, Range: n.Range}
	for _, v := range t.Vars() {
		r.checkVar(v)
	}
	return t
}

func (r *reader) templates(nodes []*sexp.Node) []Template {
	var templates []Template
	for _, n := range nodes {
		templates = append(templates, r.template(n))
	}
	return templates
}

// word reads an atom that is one of some.
func (r *reader) word(n *sexp.Node, words ...string) string {
	value, ok := n.Text()
	if n.Kind == sexp.Atom && ok && slices.Contains(words, value) {
		return value
	}
	r.errorf(n.Range, "Unknown value", "%s is not known here.%s It may be %s.", n, hint(value, words), enumerate(words, "or"))
	return ""
}

// truth reads true or false.
func (r *reader) truth(n *sexp.Node) bool { return r.word(n, "true", "false") == "true" }

// enumerate returns "a, b or c".
func enumerate(words []string, last string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	n := len(words) - 1
	return strings.Join(words[:n], ", ") + " " + last + " " + words[n]
}

// scoped reads with the variables of named dependencies.
func (r *reader) scoped(deps Deps, read func()) {
	n := len(r.vars)
	for _, b := range deps {
		if b.Name != "" {
			r.vars = append(r.vars, b.Name)
		}
	}
	read()
	r.vars = r.vars[:n]
}
