package dune_test

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/contexts/dune"
	"erg.build/erg/contexts/dune/sexp"
)

// dump returns what structs say: a line for each field that is not zero, with
// places left out.
func dump(v any) string {
	var b strings.Builder
	d := dumper{&b}
	d.value(reflect.ValueOf(v), "")
	return b.String()
}

type dumper struct{ b *strings.Builder }

// value writes what follows a field's name: text and a newline, or a newline
// and indented lines.
func (d dumper) value(v reflect.Value, indent string) {
	if !v.IsValid() {
		d.b.WriteByte('\n')
		return
	}
	if text, ok := d.leaf(v); ok {
		fmt.Fprintf(d.b, " %s\n", text)
		return
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		d.value(v.Elem(), indent)
	case reflect.Slice:
		d.b.WriteByte('\n')
		for i := range v.Len() {
			e := v.Index(i)
			if e.Kind() == reflect.Interface {
				e = e.Elem()
			}
			fmt.Fprintf(d.b, "%s-", indent)
			if e.Kind() == reflect.Pointer && e.Elem().Kind() == reflect.Struct {
				fmt.Fprintf(d.b, " %s", e.Elem().Type().Name())
			}
			d.value(e, indent+"  ")
		}
	case reflect.Struct:
		d.b.WriteByte('\n')
		d.fields(v, indent)
	default:
		fmt.Fprintf(d.b, " %v\n", v.Interface())
	}
}

func (d dumper) fields(v reflect.Value, indent string) {
	for i := range v.NumField() {
		f, t := v.Field(i), v.Type().Field(i)
		switch {
		case !t.IsExported(), f.Type() == reflect.TypeFor[hcl.Range](), f.IsZero():
		case t.Name == "Head":
			fmt.Fprintf(d.b, "%sKeyword: %s\n", indent, f.Field(0))
		case t.Anonymous:
			d.fields(f, indent)
		default:
			fmt.Fprintf(d.b, "%s%s:", indent, t.Name)
			d.value(f, indent+"  ")
		}
	}
}

// leaf returns values that fit in a line.
func (d dumper) leaf(v reflect.Value) (string, bool) {
	switch x := v.Interface().(type) {
	case dune.Text:
		return fmt.Sprintf("%q", x.Value), true
	case []dune.Text:
		var all []string
		for _, t := range x {
			all = append(all, fmt.Sprintf("%q", t.Value))
		}
		return "[" + strings.Join(all, " ") + "]", true
	case dune.Template:
		return template(x), true
	case []dune.Template:
		return "[" + templates(x) + "]", true
	case dune.Set:
		return set(&x), true
	case dune.Bool:
		return boolean(&x), true
	case dune.Predicate:
		return predicate(&x), true
	case *dune.Action:
		return act(x), true
	case *sexp.Node:
		return x.String(), true
	case dune.Dep:
		return dep(x), true
	case dune.Binding:
		var deps []string
		for _, d := range x.Deps {
			deps = append(deps, dep(d))
		}
		if x.Name == "" {
			return strings.Join(deps, " "), true
		}
		return fmt.Sprintf("(:%s %s)", x.Name, strings.Join(deps, " ")), true
	case dune.Version, dune.Constraint, map[string]dune.Version, []string:
		return fmt.Sprint(x), true
	case dune.PreprocessKind:
		return []string{"none", "pps", "staged_pps", "action", "future_syntax"}[x], true
	case dune.RuleMode:
		return []string{"standard", "fallback", "promote"}[x], true
	case dune.SiteOfPackage:
		return fmt.Sprintf("%s of %s", x.Site, x.Package), true
	case dune.Site:
		return fmt.Sprintf("%s in %s", x.Name, x.Section), true
	case dune.LinkMode:
		return x.Mode + " " + x.Kind, true
	}
	return "", false
}

func template(t dune.Template) string {
	if !t.Given() {
		return "none"
	}
	n := sexp.Node{Parts: t.Parts}
	if t.Quoted {
		n.Kind = sexp.Quoted
	}
	return n.String()
}

func templates(all []dune.Template) string {
	var texts []string
	for _, t := range all {
		texts = append(texts, template(t))
	}
	return strings.Join(texts, " ")
}

func set(s *dune.Set) string {
	switch s.Op {
	case dune.SetStandard:
		return ":standard"
	case dune.SetElement:
		return template(s.Element)
	case dune.SetInclude:
		return "(:include " + template(s.Element) + ")"
	case dune.SetDiff:
		return set(&s.Sets[0]) + ` \ ` + set(&s.Sets[1])
	}
	var all []string
	for i := range s.Sets {
		all = append(all, set(&s.Sets[i]))
	}
	return "{" + strings.Join(all, " ") + "}"
}

func boolean(b *dune.Bool) string {
	switch b.Op {
	case dune.BoolTrue:
		return "true"
	case dune.BoolValue:
		return template(b.Left)
	case dune.BoolCompare:
		return fmt.Sprintf("(%s %s %s)", template(b.Left), b.Rel, template(b.Right))
	}
	var args []string
	for i := range b.Args {
		args = append(args, boolean(&b.Args[i]))
	}
	op := map[dune.BoolOp]string{dune.BoolAnd: "and", dune.BoolOr: "or", dune.BoolNot: "not"}[b.Op]
	return fmt.Sprintf("%s(%s)", op, strings.Join(args, ", "))
}

func predicate(p *dune.Predicate) string {
	switch p.Op {
	case dune.PredicateStandard:
		return ":standard"
	case dune.PredicateElement:
		if p.Glob.Pattern == "" {
			return fmt.Sprint(p.Code)
		}
		return p.Glob.Pattern
	}
	var args []string
	for i := range p.Args {
		args = append(args, predicate(&p.Args[i]))
	}
	op := map[dune.PredicateOp]string{dune.PredicateAnd: "and", dune.PredicateOr: "or", dune.PredicateNot: "not", dune.PredicateDiff: "diff"}[p.Op]
	return fmt.Sprintf("%s(%s)", op, strings.Join(args, ", "))
}

func act(a *dune.Action) string {
	parts := []string{string(a.Op)}
	if a.Codes != nil {
		parts = append(parts, predicate(a.Codes))
	}
	for _, t := range a.Args {
		parts = append(parts, template(t))
	}
	for _, sub := range a.Actions {
		parts = append(parts, act(sub))
	}
	return "(" + strings.Join(parts, " ") + ")"
}

var depKinds = map[dune.DepKind]string{
	dune.DepFile: "file", dune.DepAlias: "alias", dune.DepAliasRec: "alias_rec", dune.DepGlobFiles: "glob_files", dune.DepGlobFilesRec: "glob_files_rec",
	dune.DepSourceTree: "source_tree", dune.DepPackage: "package", dune.DepUniverse: "universe", dune.DepEnvVar: "env_var",
	dune.DepSandbox: "sandbox", dune.DepInclude: "include",
}

func dep(d dune.Dep) string {
	switch d.Kind {
	case dune.DepUniverse:
		return "universe"
	case dune.DepSandbox:
		return fmt.Sprint("sandbox", d.Sandbox)
	}
	return depKinds[d.Kind] + ":" + template(d.Arg)
}
