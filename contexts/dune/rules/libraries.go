package rules

import (
	"fmt"
	"path"
	"slices"
	"sort"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/dune"
	"erg.build/erg/contexts/lang"
	"erg.build/erg/engine"
)

// libraries are what names of libraries lead to in a context: within a
// project its own names, everywhere the public ones. A library whose condition
// asks for files or libraries is a candidate for its name: who makes the file may
// itself need libraries, so the condition is left to those who ask for the name.
type libraries struct {
	public map[string]candidates
	own    map[*project]map[string]candidates
	// elsewhere are public libraries of directories that the context does not
	// build, by name.
	elsewhere map[string]string
}

// declared is a name of a library of the workspace.
type declared struct {
	key    key
	at     hcl.Range
	stanza *dune.Library
	other  string // deprecated_library_name: the library that is meant
	asks   bool   // whether it is there is left to who asks for it
}

// candidates are the libraries of one name, of which one at most is there.
type candidates []declared

// libraries collects the names of the libraries that are enabled in a context.
func (r *Rules) libraries(t *engine.Task, c addr.Context) (*libraries, error) {
	tr, err := r.treeOf(t, c)
	if err != nil {
		return nil, err
	}
	covers, err := r.w.Covers(t, c)
	if err != nil {
		return nil, err
	}
	all := &libraries{public: map[string]candidates{}, own: map[*project]map[string]candidates{}, elsewhere: map[string]string{}}
	var diags hcl.Diagnostics
	for _, d := range tr.order {
		if d.dataOnly {
			continue
		}
		if !covers(d.path) {
			all.outside(d)
			continue
		}
		own := all.own[d.project]
		if own == nil {
			own = map[string]candidates{}
			all.own[d.project] = own
		}
		for i, s := range d.stanzas {
			switch s := s.(type) {
			case *dune.Library:
				x := declared{key: libraryKey(c, d, i, s), at: s.At(), stanza: s, asks: s.EnabledIf.Asks()}
				on, _, err := r.unlessAsked(t, x.key, d, &s.EnabledIf)
				if err != nil {
					return nil, r.fail(err, s.At(), "Invalid condition")
				}
				if !on {
					continue
				}
				if s.PublicName.Given() {
					diags = append(diags, inNoPackage(d, s.PublicName)...)
					diags = append(diags, put(all.public, s.PublicName.Value, x, publicLibraries)...)
					own[s.PublicName.Value] = append(own[s.PublicName.Value], x)
				}
				if n := libraryName(s); n != s.PublicName.Value {
					diags = append(diags, put(own, n, x, ownLibraries)...)
				}
			case *dune.DeprecatedLibraryName:
				all.public[s.OldPublicName.Value] = candidates{{at: s.At(), other: s.NewPublicName.Value}}
			}
		}
	}
	return all, r.w.Report(diags)
}

// outside notes the libraries of a directory that the context does not build.
func (all *libraries) outside(d *dir) {
	for _, s := range d.stanzas {
		if s, ok := s.(*dune.Library); ok {
			for _, n := range []string{s.PublicName.Value, libraryName(s)} {
				all.elsewhere[n] = d.path
			}
		}
	}
}

// What libraries of one name are called.
const (
	publicLibraries = "public libraries"
	ownLibraries    = "libraries"
)

func put(m map[string]candidates, name string, x declared, what string) hcl.Diagnostics {
	for _, old := range m[name] {
		if !old.asks && !x.asks && old.key != x.key {
			return twoLibraries(x, old, name, what)
		}
	}
	m[name] = append(slices.Clip(m[name]), x)
	return nil
}

func twoLibraries(x, old declared, name, what string) hcl.Diagnostics {
	diags := errorAt(x.at, "Two libraries of one name", "There are two %s of the name %q; the other one is at %s.", what, name, place(old.at))
	diags[0].Extra = both(old.at)
	return diags
}

// inNoPackage complains of a public name whose package is none of the project's,
// so that nothing would install what it names.
func inNoPackage(d *dir, name dune.Text) hcl.Diagnostics {
	pkg := publicPackage(name.Value)
	var names []string
	for _, p := range d.project.packages {
		if p.Name.Value == pkg {
			return nil
		}
		names = append(names, p.Name.Value)
	}
	hint := ""
	if n := lang.Suggest(pkg, names); n != "" {
		hint = fmt.Sprintf(" Did you mean %q?", n)
	}
	return errorAt(name.Range, "No such package", "There is no package %q in this project.%s\nPackages are declared by %s.opam beside dune-project, or by (package (name %s)) in it.", pkg, hint, pkg, pkg)
}

// both is the Extra of what two stanzas cannot both declare or make: of the
// errors of one stanza about the same other, one is enough.
func both(other hcl.Range) Same { return Same{Key: "both with " + place(other)} }

// declared is the library of the workspace that a name leads to in a project.
func (r *Rules) declared(t *engine.Task, all *libraries, p *project, name string) (x declared, found bool, err error) {
	for _, list := range []struct {
		of   candidates
		what string
	}{{all.own[p][name], ownLibraries}, {all.public[name], publicLibraries}} {
		for _, y := range list.of {
			if y.asks {
				if on, err := r.thereQ.Get(t, y.key); err != nil {
					return declared{}, false, err
				} else if !on {
					continue
				}
			}
			if found && x.key != y.key {
				return declared{}, false, r.w.Report(twoLibraries(y, x, name, list.what))
			}
			x, found = y, true
		}
		if found {
			return x, true, nil
		}
	}
	return declared{}, false, nil
}

func place(at hcl.Range) string { return fmt.Sprintf("%s:%d", at.Filename, at.Start.Line) }

// libraryName is the name by which the library's own project knows it.
func libraryName(s *dune.Library) string {
	if s.Name.Given() {
		return s.Name.Value
	}
	return strings.NewReplacer(".", "_", "-", "_").Replace(s.PublicName.Value)
}

func libraryKey(c addr.Context, d *dir, index int, s *dune.Library) key {
	return key{ctx: c, dir: d.path, index: index, name: string(addr.BlockLibrary) + "." + libraryName(s)}
}

// An installedKey names a library that is not of the workspace.
type installedKey struct {
	ctx  addr.Context
	name string
}

func (k installedKey) String() string { return k.name }

// A Missing says that a library cannot be had. Whoever asked for it decides
// whether that matters.
type missing struct {
	name   string
	hidden string // why a library of that name does not count
	at     hcl.Range
	ctx    addr.Context
	chain  []string // who wants it, the nearest first
	near   []string // names like it
}

func (e *missing) Error() string {
	var b strings.Builder
	if e.hidden != "" {
		fmt.Fprintf(&b, "library %q in context %s is hidden: %s", e.name, e.ctx, e.hidden)
	} else {
		fmt.Fprintf(&b, "there is no library %q in context %s", e.name, e.ctx)
	}
	for _, c := range e.chain {
		b.WriteString("\n-> required by " + c)
	}
	return b.String()
}

// Same is the Extra of diagnostics of which one is enough at each place: those
// with the same key have the same cause, and the longest tells most. What
// differs but for the context can be said once for several.
type Same struct{ Key, Context string }

// by adds who wants the library.
func (e *missing) by(who string) *missing {
	x := *e
	x.chain = append(slices.Clone(e.chain), who)
	return &x
}

// diags words the error for people.
func (e *missing) diags(at hcl.Range) hcl.Diagnostics {
	text := strings.ToUpper(e.Error()[:1]) + e.Error()[1:]
	if len(e.chain) == 0 {
		text += "."
	}
	switch {
	case len(e.near) > 0:
		text += fmt.Sprintf("\nDid you mean %q?", e.near[0])
	case e.hidden == "":
		text += "\n" + whereToGet(e.name)
	}
	diags := errorAt(at, "Library not found", "%s", text)
	diags[0].Extra = Same{e.name, e.ctx.String()}
	return diags
}

// find returns the library that a name leads to in a project. An error is a
// *missing unless it was reported.
func (r *Rules) find(t *engine.Task, c addr.Context, p *project, name dune.Text) (*library, error) {
	all, err := r.librariesQ.Get(t, c)
	if err != nil {
		return nil, err
	}
	x, at, err := r.leadsTo(r.w.At(t, name.Range), all, p, name.Value)
	if err != nil {
		return nil, err
	}
	if x != nil {
		return r.libraryQ.Get(r.w.At(t, name.Range), x.key)
	}
	name.Value = at
	l, err := r.outerQ.Get(r.w.At(t, name.Range), outerKey{c, name.Value})
	if l != nil || err != nil {
		return l, err
	}
	l, err = r.outside(r.w.At(t, name.Range), c, name.Value)
	if m, ok := err.(*missing); ok {
		x := *m
		x.at, x.near = name.Range, all.near(p, name.Value)
		if dir, ok := all.elsewhere[name.Value]; ok {
			x.hidden = fmt.Sprintf("it is in %s, which is none of the context's dirs", orTop(dir))
		}
		return nil, &x
	}
	return l, err
}

// leadsTo returns what a name leads to in a project; nil if that is no library
// of a dune file, which then has the name that is returned.
func (r *Rules) leadsTo(t *engine.Task, all *libraries, p *project, name string) (*declared, string, error) {
	for range 10 { // deprecated names may lead to others
		x, ok, err := r.declared(t, all, p, name)
		switch {
		case err != nil:
			return nil, "", err
		case ok && x.other != "":
			name = x.other
			continue
		case ok:
			return &x, name, nil
		}
		break
	}
	return nil, name, nil
}

// near returns the names of a project that are like one that is not there.
func (all *libraries) near(p *project, name string) []string {
	var out []string
	for _, m := range []map[string]candidates{all.own[p], all.public} {
		for n := range m {
			if suggest(name, n) {
				out = append(out, n)
			}
		}
	}
	sort.Strings(out)
	return slices.Compact(out)
}

// enabled evaluates a condition that no file has a part in.
func (r *Rules) enabled(t *engine.Task, c addr.Context, d *dir, b *dune.Bool) (bool, error) {
	if !b.Given() {
		return true, nil
	}
	return b.Eval(r.static(t, c, d).expand)
}

// publicPackage is the package that a public name belongs to.
func publicPackage(public string) string {
	pkg, _, _ := strings.Cut(public, ".")
	return pkg
}

func joinPath(elem ...string) string {
	if p := path.Join(elem...); p != "." {
		return p
	}
	return ""
}
