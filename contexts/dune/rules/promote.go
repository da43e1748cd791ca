package rules

import (
	"errors"
	"io/fs"
	"path"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/dune"
	"erg.build/erg/engine"
)

// A Promotion is an output that a build which made it copies among the sources.
type Promotion struct {
	Output     string
	Source     string // what it is copied to
	Target     string // what makes it, for messages
	UntilClean bool   // cleaning removes the copy
	// Dir is the copy of a directory that a rule makes, if Source is that or in
	// it. Source is, where Files says what is in it: anything else there goes.
	Dir   string   `json:",omitempty"`
	Files []string `json:",omitempty"`
}

// promotion is what a stanza says of copying its targets among the sources;
// nil for nothing.
func promotion(s dune.Stanza) *dune.Promote {
	mode, p := dune.ModeStandard, (*dune.Promote)(nil)
	switch s := s.(type) {
	case *dune.Rule:
		mode, p = s.Mode, s.Promote
	case *dune.Lex:
		mode, p = s.Mode, s.Promote
	case *dune.Menhir:
		mode, p = s.Mode, s.Promote
	case *dune.CopyFiles:
		mode, p = s.Mode, s.Promote
	case *dune.Executables:
		return s.Promote
	}
	if mode == dune.ModePromote && p == nil {
		p = &dune.Promote{}
	}
	return p
}

// promote has outputs of a directory copied among the sources, if that is
// what a stanza says and the context is the one to do so. It asks for the
// sources: when somebody has changed one, it is for the next build to see.
func (r *Rules) promote(t *engine.Task, k key, d *dir, p *dune.Promote, at hcl.Range, outs []string) error {
	if p == nil {
		return nil
	}
	ok, err := r.promotes(t, k.ctx, d.path)
	if err != nil || !ok {
		return err
	}
	into, err := r.promotedInto(t, k, d, p)
	if err != nil {
		return err
	}
	for _, o := range outs {
		name := path.Base(o)
		if p.Only != nil && !p.Only.Match(name, true) {
			continue
		}
		x := Promotion{Output: o, Source: path.Join(into, name), Target: k.String(), UntilClean: p.UntilClean}
		if _, err := t.FileDigest(x.Source); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return r.w.Diagnose(err, at, "Cannot promote to "+x.Source)
		}
		r.w.Promote(x)
	}
	return nil
}

// promotedInto is the directory that the targets of a stanza are copied to.
func (r *Rules) promotedInto(t *engine.Task, k key, d *dir, p *dune.Promote) (string, error) {
	if !p.Into.Given() {
		return d.path, nil
	}
	dir, err := p.Into.ExpandOne(r.static(t, k.ctx, d).expand)
	if err != nil {
		return "", err
	}
	into := joinPath(d.path, dir)
	if into == ".." || strings.HasPrefix(into, "../") || path.IsAbs(dir) {
		return "", errorAt(p.Range, "Outside of the workspace", "%s lies outside of the workspace.", dir)
	}
	return into, nil
}

// promoteDir does the same with a directory that a rule makes. Who asks for it
// has it copied as a whole.
func (r *Rules) promoteDir(t *engine.Task, k key, d *dir, p *dune.Promote, g *madeDir) error {
	ok, err := r.promotes(t, k.ctx, d.path)
	if err != nil || !ok {
		return err
	}
	into, err := r.promotedInto(t, k, d, p)
	if err != nil {
		return err
	}
	to := path.Join(into, path.Base(g.at))
	_, list, _ := packOf(path.Join(g.root, g.at))
	r.w.Promote(Promotion{Output: list, Source: to, Target: k.String(), UntilClean: p.UntilClean, Dir: to, Files: g.files})
	for _, f := range g.files {
		if p.Only != nil && !p.Only.Match(path.Base(f), true) {
			continue
		}
		r.w.Promote(Promotion{Output: path.Join(g.root, g.at, f), Source: path.Join(to, f), Target: k.String(), UntilClean: p.UntilClean, Dir: to})
	}
	return seeCopy(t, to)
}

// seeCopy has the next build see what somebody does to the copy of a directory,
// or puts in its place.
func seeCopy(t *engine.Task, at string) error {
	entries, err := t.ReadDir(cleanDir(path.Dir(at)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, e := range entries {
		if e.Name == path.Base(at) {
			return see(t, at, e)
		}
	}
	return err
}

func see(t *engine.Task, at string, e engine.Entry) error {
	if !e.Dir || e.Link {
		if _, err := t.FileDigest(at); err != nil && !e.Link {
			return err
		}
		return nil
	}
	entries, err := t.ReadDir(at)
	if err != nil {
		return err
	}
	for _, below := range entries {
		if err := see(t, path.Join(at, below.Name), below); err != nil {
			return err
		}
	}
	return nil
}

// promotedDirs are the directories below d that its rules make and copy among
// the sources: what is in the copies is no source. Their names must be written as
// they are, since nothing of the tree is known yet.
func promotedDirs(d *dir) []string {
	var out []string
	for _, s := range d.stanzas {
		rule, ok := s.(*dune.Rule)
		if p := promotion(s); !ok || p == nil || p.Into.Given() {
			continue
		}
		for _, g := range rule.Targets {
			if name, plain := g.Path.Text(); g.Dir && plain {
				out = append(out, name)
			}
		}
	}
	return out
}

// promotes reports whether a context is the one of all that builds a directory
// whose outputs are copied among the sources: the first in the workspace's order.
func (r *Rules) promotes(t *engine.Task, c addr.Context, dir string) (bool, error) {
	all, err := r.w.Contexts(t)
	if err != nil {
		return false, err
	}
	for _, o := range all {
		covers, err := r.w.Covers(t, o)
		if err != nil {
			return false, err
		}
		if covers(dir) {
			return o == c, nil
		}
	}
	return false, nil
}

// promoteAlias adds what a stanza makes that is copied among the sources.
func (r *Rules) promoteAlias(t *engine.Task, k aliasKey, i int, s dune.Stanza, out *Goal) error {
	p := promotion(s)
	if p == nil {
		return nil
	}
	out.found = true
	return r.addMade(t, dirKey{k.ctx, k.dir}, func(m *maker) bool { return m.key.index == i }, out)
}
