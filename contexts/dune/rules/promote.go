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
	into := d.path
	if p.Into.Given() {
		dir, err := p.Into.ExpandOne(r.static(t, k.ctx, d).expand)
		if err != nil {
			return err
		}
		into = joinPath(d.path, dir)
		if into == ".." || strings.HasPrefix(into, "../") || path.IsAbs(dir) {
			return errorAt(p.Range, "Outside of the workspace", "%s lies outside of the workspace.", dir)
		}
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
