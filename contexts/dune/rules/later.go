package rules

import (
	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/dune"
	"erg.build/erg/contexts/dune/sexp"
	"erg.build/erg/engine"
)

type packages struct{}
type packageKey struct {
	ctx  addr.Context
	name string
}

func (k packageKey) String() string { return k.name }

type installation struct{}

func (r *Rules) packages(t *engine.Task, c addr.Context) (*packages, error)       { return nil, nil }
func (r *Rules) pkg(t *engine.Task, k packageKey) (*installation, error)          { return nil, nil }
func (r *Rules) installAlias(t *engine.Task, k aliasKey, d *dir, out *Goal) error { return nil }
func (r *Rules) cramAlias(t *engine.Task, k aliasKey, d *dir, out *Goal) error    { return nil }
func (r *Rules) inlineTests(t *engine.Task, k aliasKey, d *dir, i int, s *dune.Library, out *Goal) error {
	return nil
}
func (x *expander) packageDep(d *dune.Dep, arg string) error { return nil }
func (x *expander) libFile(v *sexp.Var) ([]string, error)    { return nil, nil }
func (x *expander) artifact(v *sexp.Var) ([]string, error)   { return nil, nil }
