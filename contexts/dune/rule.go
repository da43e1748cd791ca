package dune

import (
	"slices"

	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/contexts/dune/sexp"
)

// A Rule is (rule …).
type Rule struct {
	Head
	Targets   []Target
	Infer     bool // neither target nor targets is there: the action tells
	One       bool // (target …): %{target} may be used
	Deps      Deps
	Action    *Action
	Mode      RuleMode
	Promote   *Promote // of ModePromote
	Locks     []Template
	EnabledIf Bool
	Package   Text
	Aliases   []Text
}

// A Target is a file, or a directory, that a rule makes.
type Target struct {
	Path Template
	Dir  bool
}

// A RuleMode says what happens to a rule's targets.
type RuleMode uint8

// The modes of rules.
const (
	ModeStandard RuleMode = iota
	ModeFallback          // sources come first
	ModePromote           // copied among the sources
)

// Promote says how targets get among the sources.
type Promote struct {
	UntilClean bool
	Into       Template   // a directory
	Only       *Predicate // nil: all
	Range      hcl.Range
}

// An Alias is (alias (name …) (deps …)); with an action, in old files, it is a Rule.
type Alias struct {
	Head
	Name      Text
	Deps      Deps
	Package   Text
	EnabledIf Bool
}

// CopyFiles is (copy_files …) or (copy_files# …).
type CopyFiles struct {
	Head
	LineDirective bool
	Files         Template // a glob, maybe in another directory
	OnlySources   *Bool    // nil: false
	Alias         Text
	Mode          RuleMode
	Promote       *Promote
	EnabledIf     Bool
}

// ruleAction reports whether an action may stand in a rule without (action …).
func (r *reader) ruleAction(head string) bool {
	switch head {
	case "format-dune-file":
		return true
	case "run", "chdir", "setenv", "with-stdout-to", "with-stderr-to", "with-outputs-to", "with-stdin-from", "ignore-stdout",
		"ignore-stderr", "ignore-outputs", "progn", "echo", "cat", "copy", "copy#", "copy-and-add-line-directive", "system",
		"bash", "write-file", "diff", "diff?":
		return true
	}
	return false
}

// rule reads (rule …), with fields or with nothing but an action.
func (r *reader) rule(h Head, items []*sexp.Node) []Stanza {
	rule := &Rule{Head: h, Infer: true}
	if len(items) > 0 {
		if head, ok := items[0].Head(); ok && r.ruleAction(head) {
			if len(items) > 1 {
				r.errorf(items[1].Range, "Two actions", "A rule has one action. To have fields too, write (action …).")
			}
			rule.Action = r.action(items[0])
			r.checkTargets(rule)
			return []Stanza{rule}
		}
	}
	f := r.fields("a rule stanza", h.Range, items)
	rule.Deps = f.get("deps").bindings()
	r.scoped(rule.Deps, func() {
		f.targets(rule)
		alias, aliases := f.get("alias", since(2, 0)), f.get("aliases", since(3, 5))
		f.either(alias, aliases)
		rule.Aliases = append(alias.single(), aliases.texts()...)
		if rule.Action = f.get("action").action(); rule.Action == nil {
			f.missing("action")
			if len(rule.Aliases) > 0 {
				r.diags[len(r.diags)-1].Detail += " To add dependencies to an alias, use an alias stanza."
			}
		}
		r.checkTargets(rule)
		rule.Locks = f.get("locks").templates()
		rule.Mode, rule.Promote = f.mode()
		rule.EnabledIf = f.get("enabled_if", since(1, 4)).boolean()
		rule.Package = f.get("package", since(2, 0)).text()
		f.get("fallback", deletedIn(1, 0, " Use (mode fallback) instead."))
		f.get("corrections", since(3, 23)).word("ignore", "produce")
	})
	f.end()
	if rule.Action == nil {
		return nil
	}
	return []Stanza{rule}
}

// targets reads target or targets.
func (f *fields) targets(rule *Rule) {
	one, many := f.get("target", since(1, 11)), f.get("targets")
	a := f.either(one, many)
	if a == nil {
		return
	}
	rule.Infer, rule.One = false, a == one
	if rule.One {
		a.one()
	}
	for _, n := range a.args {
		rule.Targets = append(rule.Targets, f.r.target(n))
	}
}

// checkTargets complains of %{target} for several targets, of %{targets} for
// one, and of both where the action is to tell the targets.
func (r *reader) checkTargets(rule *Rule) {
	if rule.Action == nil {
		return
	}
	for _, t := range rule.Action.Templates() {
		for _, v := range t.Vars() {
			one, many := v.Name == "target", v.Name == "targets"
			switch {
			case v.HasPayload || !one && !many || slices.Contains(r.vars, v.Name):
			case rule.Infer:
				r.errorf(v.Range, summaryMissing, "%s is for rules with the field %q: the action cannot tell what it makes with it.", v, v.Name)
			case one && !rule.One:
				r.errorf(v.Range, "Another field", "%s is for rules with the field \"target\". Here it is %%{targets}.", v)
			case many && rule.One:
				r.errorf(v.Range, "Another field", "%s is for rules with the field \"targets\". Here it is %%{target}.", v)
			}
		}
	}
}

// target reads a file or (dir DIRECTORY).
func (r *reader) target(n *sexp.Node) Target {
	t := Target{}
	if head, _ := n.Head(); n.Kind == sexp.List && head == "dir" && len(n.Items) == 2 {
		t.Dir = true
		if !r.lang.AtLeast(3, 24) {
			extension("directory-targets", 0, 1)(r, "A directory as target", n.Range)
		}
		n = n.Items[1]
	}
	t.Path = r.template(n)
	if _, ok := t.Path.Text(); !ok && n.Kind != sexp.List {
		since(1, 3)(r, "A variable in targets", n.Range)
	}
	return t
}

// mode reads the field of that name.
func (f *fields) mode(checks ...check) (RuleMode, *Promote) {
	n := f.get("mode", checks...).one()
	if n == nil {
		return ModeStandard, nil
	}
	head, items := n, []*sexp.Node(nil)
	if n.Kind == sexp.List && len(n.Items) > 0 {
		head, items = n.Items[0], n.Items[1:]
	}
	r := f.r
	old := func(name, now string) {
		deletedIn(3, 0, " Use (promote "+now+") instead.")(r, "'"+name+"'", n.Range)
	}
	into := func() Template {
		if len(items) != 1 {
			r.errorf(n.Range, "Missing value", "A directory is needed.")
			return Template{}
		}
		since(1, 8)(r, "Promotion into a directory", n.Range)
		return r.template(items[0])
	}
	switch r.word(head, "standard", "fallback", "promote", "promote-until-clean", "promote-into", "promote-until-clean-into") {
	case "fallback":
		return ModeFallback, nil
	case "promote":
		return ModePromote, r.promote(n.Range, items)
	case "promote-until-clean":
		old("promote-until-clean", "(until-clean)")
		return ModePromote, &Promote{UntilClean: true, Range: n.Range}
	case "promote-into":
		old("promote-into", "(into DIR)")
		return ModePromote, &Promote{Into: into(), Range: n.Range}
	case "promote-until-clean-into":
		old("promote-until-clean-into", "(until-clean) (into DIR)")
		return ModePromote, &Promote{UntilClean: true, Into: into(), Range: n.Range}
	}
	return ModeStandard, nil
}

// promote reads the arguments of (promote …).
func (r *reader) promote(rng hcl.Range, items []*sexp.Node) *Promote {
	f := r.fields("(promote …)", rng, items)
	p := &Promote{
		UntilClean: f.get("until-clean", since(1, 10)).flag(),
		Into:       f.get("into", since(1, 10)).template(),
		Only:       f.get("only", since(1, 10)).predicate(),
		Range:      rng,
	}
	f.end()
	return p
}

// alias reads (alias …). With an action, it is a rule that makes nothing.
func (r *reader) alias(h Head, items []*sexp.Node) []Stanza {
	f := r.fields("an alias stanza", h.Range, items)
	a := &Alias{Head: h, Deps: f.get("deps").bindings()}
	var action *Action
	var locks []Template
	r.scoped(a.Deps, func() {
		a.Name = f.need("name").text()
		a.Package = f.get("package").text()
		a.EnabledIf = f.get("enabled_if").boolean()
		action = f.get("action", deletedIn(2, 0, " Use a rule stanza with the field \"alias\" instead.")).action()
		locks = f.get("locks").templates()
	})
	f.end()
	if action == nil {
		return []Stanza{a}
	}
	return []Stanza{&Rule{Head: h, Deps: a.Deps, Action: action, Locks: locks, EnabledIf: a.EnabledIf, Package: a.Package, Aliases: []Text{a.Name}}}
}

// copyFiles reads (copy_files GLOB), or with fields.
func (r *reader) copyFiles(h Head, items []*sexp.Node) []Stanza {
	c := &CopyFiles{Head: h, LineDirective: h.Name == "copy_files#"}
	if len(items) > 0 && items[0].Kind != sexp.List {
		if len(items) > 1 {
			r.errorf(items[1].Range, "Too many values", "(%s …) has one pattern.", h.Name)
		}
		c.Files = r.template(items[0])
		return []Stanza{c}
	}
	f := r.fields("a "+h.Name+" stanza", h.Range, items)
	c.Files = f.need("files", since(2, 7)).template()
	c.Alias = f.get("alias", since(2, 7)).text()
	c.Mode, c.Promote = f.mode(since(2, 7))
	c.EnabledIf = f.get("enabled_if", since(2, 8)).boolean()
	if a := f.get("only_sources", since(3, 14)); a != nil {
		if len(a.args) == 0 {
			c.OnlySources = &Bool{Range: a.at()}
		} else {
			c.OnlySources = a.boolean().optional()
		}
	}
	f.end()
	return []Stanza{c}
}
