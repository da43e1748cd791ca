package dune

import (
	"strings"

	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/contexts/dune/sexp"
)

// A Template is text that may hold variables. Its zero value is a field that
// is not there.
type Template struct {
	Parts  []sexp.Part
	Quoted bool // a list of values is joined by spaces, and is one word
	Range  hcl.Range
}

// An Expander returns the values of a variable.
type Expander func(*sexp.Var) ([]string, error)

// Given reports whether the template is written in a file.
func (t Template) Given() bool { return t.Range.Filename != "" }

// Text returns the text of a template without variables.
func (t Template) Text() (string, bool) {
	switch {
	case len(t.Parts) == 0:
		return "", true
	case len(t.Parts) == 1 && t.Parts[0].Var == nil:
		return t.Parts[0].Text, true
	}
	return "", false
}

// Var returns the variable that is all of a template, in quotes or not.
func (t Template) Var() (*sexp.Var, bool) {
	if len(t.Parts) == 1 && t.Parts[0].Var != nil {
		return t.Parts[0].Var, true
	}
	return nil, false
}

// Vars returns the variables in a template.
func (t Template) Vars() []*sexp.Var {
	var vars []*sexp.Var
	for _, p := range t.Parts {
		if p.Var != nil {
			vars = append(vars, p.Var)
		}
	}
	return vars
}

// String returns the template as it is written, without quotes.
func (t Template) String() string {
	var b strings.Builder
	for _, p := range t.Parts {
		if p.Var != nil {
			b.WriteString(p.Var.String())
		} else {
			b.WriteString(p.Text)
		}
	}
	return b.String()
}

// Expand returns what a template stands for. A variable that is all of an
// unquoted template stands for any number of values; all else is one value,
// where the values of a variable are joined by spaces in quotes, and by
// nothing without.
func (t Template) Expand(expand Expander) ([]string, error) {
	if v, ok := t.Var(); ok && !t.Quoted {
		return expand(v)
	}
	sep := ""
	if t.Quoted {
		sep = " "
	}
	var b strings.Builder
	for _, p := range t.Parts {
		if p.Var == nil {
			b.WriteString(p.Text)
			continue
		}
		values, err := expand(p.Var)
		if err != nil {
			return nil, err
		}
		b.WriteString(strings.Join(values, sep))
	}
	return []string{b.String()}, nil
}

// ExpandOne returns the one value that a template stands for. Another number
// of values is an error: hcl.Diagnostics with the place.
func (t Template) ExpandOne(expand Expander) (string, error) {
	values, err := t.Expand(expand)
	if err != nil {
		return "", err
	}
	if len(values) != 1 {
		return "", errorAt(t.Range, "Several values for one",
			"%s stands for %d values, and one is expected here. Quote it to join them.", t, len(values))
	}
	return values[0], nil
}
