package rules

import (
	"maps"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/dune"
	"erg.build/erg/engine"
)

// An env is what :standard stands for in a directory, and the variables of
// its actions: the env stanzas there and above, and dune's own fallbacks.
type env struct {
	flags, byteFlags, nativeFlags []string
	c, cxx                        []string
	link                          []string
	menhir                        []string
	vars                          map[string]string
	binAnnot                      bool
	inlineTests                   string                      // "enabled", "disabled" or "ignored"
	binaries                      map[string]dune.FileBinding // by name, with the directory that says so
	binariesDir                   map[string]*dir
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
	x := r.naming(t, c, d)
	for _, f := range []struct {
		to  *[]string
		set *dune.Set
	}{
		{&e.flags, &p.Flags.Common}, {&e.byteFlags, &p.Flags.Byte}, {&e.nativeFlags, &p.Flags.Native},
		{&e.c, &p.CFlags}, {&e.cxx, &p.CxxFlags}, {&e.link, &p.LinkFlags}, {&e.menhir, &p.MenhirFlags},
	} {
		list, err := r.evalSet(x, f.set, *f.to)
		if err != nil {
			return err
		}
		*f.to = list
	}
	for _, v := range p.EnvVars {
		e.vars[v.Name] = v.Value
	}
	if p.BinAnnot != nil {
		e.binAnnot = *p.BinAnnot
	}
	if p.InlineTests != "" {
		e.inlineTests = p.InlineTests
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
	e := &env{
		flags: []string{"-w", "-40"}, byteFlags: []string{"-g"}, nativeFlags: []string{"-g"},
		vars: map[string]string{}, binAnnot: true, inlineTests: either(profile == "release", "disabled", "enabled"),
	}
	switch {
	case profile == "release":
	case d.project.Lang.AtLeast(3, 21):
		e.flags = []string{"-short-paths", "-keep-locs", "-warn-error", "+a"}
	default:
		e.flags = []string{"-w", warnings(d.project.Lang), "-strict-sequence", "-strict-formats", "-short-paths", "-keep-locs"}
	}
	if d.vendored {
		e.flags = []string{"-w", "-a"}
	}
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

// warnings are those of the profile dev. What the language learnt to warn of
// later holds from that version on.
func warnings(lang dune.Version) string {
	const head, tail = "@1..3@5..28", "..39@43@46..47@49..57@61..62"
	switch {
	case lang.AtLeast(3, 13):
		return head + "@31" + tail + "@67@69-40"
	case lang.AtLeast(3, 3):
		return head + "@30" + tail + "@67@69-40"
	}
	return head + "@30" + tail + "-40"
}
