package contexts

import (
	"path"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/contexts/dune"
	"erg.build/erg/engine"
)

// duneWorkspace is the workspace that a dune-workspace file describes, as
// erg.hcl would say it; "" if there is none.
func (ev *Evaluator) duneWorkspace(t *engine.Task) (string, hcl.Diagnostics) {
	const name = "dune-workspace"
	ok, err := t.Exists(name)
	if err != nil || !ok {
		return "", nil
	}
	src, err := t.ReadFile(name)
	if err != nil {
		return "", nil // it is gone again
	}
	ev.addFile(name, &hcl.File{Bytes: src})
	ws, diags := dune.ReadWorkspace(name, src)
	if diags.HasErrors() || ws == nil {
		return "", diags
	}
	list := ws.Contexts
	if len(list) == 0 {
		list = []dune.Context{{Name: "default", Kind: "default"}}
	}
	var b strings.Builder
	kinds := ev.systemToolchains(t, &b)
	for _, c := range list {
		more := ev.duneContext(t, &b, ws, c, kinds, len(list) > 1)
		diags = append(diags, more...)
	}
	return b.String(), diags
}

// duneContext writes one context of a dune-workspace file, and one more for
// each of its targets.
func (ev *Evaluator) duneContext(t *engine.Task, b *strings.Builder, ws *dune.Workspace, c dune.Context, kinds []string, several bool) hcl.Diagnostics {
	x := &duneContext{ev: ev, t: t, b: b, ws: ws, c: c, name: dune.Identifier(c.Name), several: several || len(c.Targets) > 1}
	diags := x.paths()
	own, more := x.toolchains(kinds)
	if diags = append(diags, more...); diags.HasErrors() {
		return diags
	}
	host := ""
	if c.Host.Given() {
		host = dune.Identifier(c.Host.Value)
	}
	if x.native() {
		x.write(x.name, own, host, nil)
		host = x.name
	}
	for _, target := range c.Targets {
		if target.Name.Value == "native" {
			continue
		}
		name := dune.Identifier(c.Name + "." + target.Name.Value)
		ref, more := x.cross(name, target)
		if diags = append(diags, more...); more.HasErrors() {
			continue
		}
		x.write(name, []string{ref}, host, target.Exec)
	}
	return diags
}

// opamPrefix is where a switch of opam is.
func (ev *Evaluator) opamPrefix(t *engine.Task, c dune.Context) string {
	if path.IsAbs(c.Switch.Value) {
		return path.Join(c.Switch.Value, "_opam")
	}
	root := c.Root.Value
	if root == "" {
		root = t.Getenv("OPAMROOT")
	}
	if root == "" {
		root = path.Join(t.Getenv("HOME"), ".opam")
	}
	return path.Join(root, c.Switch.Value)
}
