package rules

import (
	"errors"
	"fmt"
	"slices"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/dune"
	"erg.build/erg/contexts/lang"
	"erg.build/erg/engine"
)

// A library is one as those see it who only ask what it needs: of the
// workspace, declared in a dune file or elsewhere, installed, or of the
// compiler's distribution.
type library struct {
	name     string // by which it was found last, for messages
	public   string // "" for none
	key      key    // of the workspace
	dir      *dir
	stanza   *dune.Library
	standard bool       // it comes with the compiler
	inst     *installed // it is installed
	outer    *Outer     // a build file of another kind declares it
	kind     dune.LibraryKind
	runtime  []string // ppx_runtime_libraries
	driver   *ppxDriver

	needs
	implements *library
}

// needs are the libraries that a stanza asks for.
type needs struct {
	deps     []*library
	exports  []*library        // those of deps that users of the stanza see as well
	selected map[string]string // of select: the file that each file is a copy of
}

// library resolves what a library of the workspace needs. A *missing is for
// whoever asked for the library.
func (r *Rules) library(t *engine.Task, k key) (*library, error) {
	d, s, err := r.stanzaOf(t, k)
	if err != nil {
		return nil, err
	}
	x := s.(*dune.Library)
	l := &library{name: libraryName(x), public: x.PublicName.Value, key: k, dir: d, stanza: x, kind: x.Kind}
	if l.public != "" {
		l.name = l.public
	}
	all, err := r.librariesQ.Get(t, k.ctx)
	if err != nil {
		return nil, err
	}
	for _, n := range x.PpxRuntimeLibraries {
		l.runtime = append(l.runtime, all.publicName(d.project, n.Value))
	}
	if x.PpxDriver != nil {
		l.driver = &ppxDriver{PpxDriver: x.PpxDriver, name: l.name}
		for _, n := range x.PpxDriver.Replaces {
			l.driver.replaces = append(l.driver.replaces, all.publicName(d.project, n.Value))
		}
	}
	who := fmt.Sprintf("library %q in %s", l.name, orTop(d.path))
	b, err := r.instrumented(t, k.ctx, d, &x.Buildable)
	if err != nil {
		return nil, err
	}
	n, err := r.requires(t, k.ctx, d, b, who)
	if err != nil {
		return nil, err
	}
	l.needs = *n
	if x.Implements.Given() {
		if l.implements, err = r.find(t, k.ctx, d.project, x.Implements); err != nil {
			return nil, wanted(err, who)
		}
	}
	return l, nil
}

// publicName is the name by which other projects find what a project calls so.
func (all *libraries) publicName(p *project, name string) string {
	if s := all.own[p][name].stanza(); s != nil && s.PublicName.Given() {
		return s.PublicName.Value
	}
	return name
}

// stanza is that of the library which is there whatever files hold, or else the
// first; nil for none.
func (list candidates) stanza() *dune.Library {
	for _, x := range list {
		if !x.asks {
			return x.stanza
		}
	}
	if len(list) == 0 {
		return nil
	}
	return list[0].stanza
}

// wanted adds to an error who wants the library that is missing.
func wanted(err error, who string) error {
	if m := (*missing)(nil); errors.As(err, &m) {
		return m.by(who)
	}
	return err
}

// requires resolves the libraries that a stanza names, with those that its
// preprocessors want at run time.
func (r *Rules) requires(t *engine.Task, c addr.Context, d *dir, b *dune.Buildable, who string) (*needs, error) {
	n := &needs{selected: map[string]string{}}
	add := func(l *library) {
		if !slices.ContainsFunc(n.deps, func(o *library) bool { return o.same(l) }) {
			n.deps = append(n.deps, l)
		}
	}
	for _, dep := range b.Libraries {
		if dep.Select != nil {
			libs, err := r.choose(t, c, d, dep.Select, n)
			if err != nil {
				return nil, err
			}
			for _, l := range libs {
				add(l)
			}
			continue
		}
		l, err := r.find(t, c, d.project, dep.Name)
		if err != nil {
			return nil, wanted(err, who)
		}
		add(l)
		if dep.ReExport {
			n.exports = append(n.exports, l)
		}
	}
	names, err := r.runtimeOf(t, c, d, b)
	if err != nil {
		return nil, wanted(err, who)
	}
	for _, name := range names {
		l, err := r.find(t, c, d.project, name)
		if err != nil {
			return nil, wanted(err, who)
		}
		add(l)
	}
	return n, nil
}

// choose takes the first choice of a select that can be had.
func (r *Rules) choose(t *engine.Task, c addr.Context, d *dir, s *dune.Select, n *needs) ([]*library, error) {
	var m *missing
choices:
	for _, ch := range s.Choices {
		var libs []*library
		for _, name := range ch.Required {
			l, err := r.find(t, c, d.project, name)
			if errors.As(err, &m) {
				continue choices
			}
			if err != nil {
				return nil, err
			}
			libs = append(libs, l)
		}
		for _, name := range ch.Forbidden {
			if _, err := r.find(t, c, d.project, name); err == nil {
				continue choices
			} else if !errors.As(err, &m) {
				return nil, err
			}
		}
		n.selected[s.File] = ch.File.Value
		return libs, nil
	}
	return nil, errorAt(s.Range, "No choice of a select can be had", "For %s, each choice asks for a library that is not there, or for the absence of one that is. Add one that asks for nothing: (-> FILE).", s.File)
}

// runtimeOf lists what code needs that the preprocessors of a stanza write.
func (r *Rules) runtimeOf(t *engine.Task, c addr.Context, d *dir, b *dune.Buildable) ([]dune.Text, error) {
	var out []dune.Text
	err := r.eachRewriter(t, c, d, b.Preprocess, func(name dune.Text, l *library) {
		for _, x := range closure([]*library{l}) {
			for _, rt := range x.runtime {
				out = append(out, dune.Text{Value: rt, Range: name.Range})
			}
		}
	})
	return out, err
}

// eachRewriter calls f for the rewriters that sources are preprocessed with,
// which are the host's.
func (r *Rules) eachRewriter(t *engine.Task, c addr.Context, d *dir, list []dune.Preprocess, f func(name dune.Text, l *library)) error {
	for _, p := range list {
		if p.Kind != dune.PreprocessPps && p.Kind != dune.PreprocessStagedPps {
			continue
		}
		host, err := r.w.Host(t, c)
		if err != nil {
			return err
		}
		for _, name := range p.Pps {
			l, err := r.find(t, host, d.project, name)
			if err != nil {
				return err
			}
			f(name, l)
		}
	}
	return nil
}

// same reports whether two descriptions are of one library.
func (l *library) same(o *library) bool {
	if l == o {
		return true
	}
	return l.standard && o.standard && l.name == o.name
}

// closure lists libraries with all that they need; each follows what it needs.
func closure(libs []*library) []*library {
	return after(libs, func(l *library) []*library {
		if l.implements != nil {
			return append(slices.Clip(l.deps), l.implements)
		}
		return l.deps
	})
}

// after lists libraries, each once and after those that it comes after.
func after(libs []*library, these func(*library) []*library) []*library {
	var all []*library
	seen := map[*library]bool{}
	var visit func(l *library)
	visit = func(l *library) {
		if seen[l] {
			return
		}
		seen[l] = true
		for _, x := range these(l) {
			visit(x)
		}
		if !slices.ContainsFunc(all, l.same) {
			all = append(all, l)
		}
	}
	for _, l := range libs {
		visit(l)
	}
	return all
}

// exported lists libraries with all that they re-export.
func exported(libs []*library) []*library {
	var all []*library
	var visit func(l *library)
	visit = func(l *library) {
		if slices.ContainsFunc(all, l.same) {
			return
		}
		all = append(all, l)
		for _, x := range l.exports {
			visit(x)
		}
	}
	for _, l := range libs {
		visit(l)
	}
	return all
}

// suggest reports whether a name may be what another was meant to be.
func suggest(name, other string) bool { return lang.Suggest(name, []string{other}) != "" }
