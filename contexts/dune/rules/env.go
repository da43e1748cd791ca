package rules

import (
	"maps"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/dune"
	"erg.build/erg/engine"
)

// An env is what the env stanzas of a directory and of those above say, with
// dune's own fallbacks. What :standard stands for is in envflags.go.
type env struct {
	vars        map[string]string // of actions
	binAnnot    bool
	inlineTests string                      // "enabled", "disabled" or "ignored"
	binaries    map[string]dune.FileBinding // by name, with the directory that says so
	binariesDir map[string]*dir
	js          jsEnv
}

// env evaluates the env stanzas of a directory over those above.
func (r *Rules) env(t *engine.Task, k dirKey) (*env, error) {
	d, err := r.staticDir(t, k.ctx, k.dir)
	if err != nil {
		return nil, err
	}
	profile, err := r.w.Profile(t, k.ctx)
	if err != nil {
		return nil, err
	}
	var base *env
	if d.parent != nil && d.parent.project == d.project {
		if base, err = r.envQ.Get(t, dirKey{k.ctx, d.parent.path}); err != nil {
			return nil, err
		}
	} else if base, err = r.standard(t, k.ctx, d, profile); err != nil {
		return nil, err
	}
	out := *base
	out.vars = maps.Clone(base.vars)
	for _, s := range d.stanzas {
		e, ok := s.(*dune.Env)
		if !ok {
			continue
		}
		p := profileOf(e, profile)
		if p == nil {
			continue
		}
		if err := r.extend(t, k.ctx, d, &out, p); err != nil {
			return nil, r.fail(err, s.At(), "Invalid env")
		}
	}
	return &out, nil
}

// profileOf returns what a stanza says for a profile.
func profileOf(e *dune.Env, profile string) *dune.EnvProfile {
	for i := range e.Profiles {
		if p := &e.Profiles[i]; p.Profile == profile || p.Profile == "_" {
			return p
		}
	}
	return nil
}

// extend adds what a stanza says.
func (r *Rules) extend(t *engine.Task, c addr.Context, d *dir, e *env, p *dune.EnvProfile) error {
	for _, v := range p.EnvVars {
		e.vars[v.Name] = v.Value
	}
	if p.BinAnnot != nil {
		e.binAnnot = *p.BinAnnot
	}
	if p.InlineTests != "" {
		e.inlineTests = p.InlineTests
	}
	if err := e.js.extend(r, t, c, d, &p.JavaScript); err != nil {
		return err
	}
	if len(p.Binaries) > 0 {
		e.binaries, e.binariesDir = maps.Clone(e.binaries), maps.Clone(e.binariesDir)
		for _, b := range p.Binaries {
			name, err := bindingName(r.static(t, c, d), b)
			if err != nil {
				return err
			}
			if e.binaries == nil {
				e.binaries, e.binariesDir = map[string]dune.FileBinding{}, map[string]*dir{}
			}
			e.binaries[name], e.binariesDir[name] = b, d
		}
	}
	return nil
}

// standard is what holds in a project whose files say nothing.
func (r *Rules) standard(t *engine.Task, c addr.Context, d *dir, profile string) (*env, error) {
	e := &env{vars: map[string]string{}, binAnnot: true, inlineTests: either(profile == "release", "disabled", "enabled")}
	tr, err := r.treeOf(t, c)
	if err != nil {
		return nil, err
	}
	for _, s := range []*dune.Env{tr.env, tr.contexts[c.Name]} {
		if s == nil || profileOf(s, profile) == nil {
			continue
		}
		if err := r.extend(t, c, tr.in(""), e, profileOf(s, profile)); err != nil {
			return nil, err
		}
	}
	return e, nil
}
