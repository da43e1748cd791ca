package config

import (
	"slices"

	"erg.build/erg/contexts/lang"
	"github.com/hashicorp/hcl/v2"
)

var workspaceSchema = &hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{
	{Type: "workspace"},
	{Type: "variable", LabelNames: []string{"name"}},
	{Type: "locals"},
	{Type: "source", LabelNames: []string{"name"}},
	{Type: "toolchain", LabelNames: []string{"kind", "name"}},
	{Type: "template", LabelNames: []string{"name"}},
	{Type: "context", LabelNames: []string{"name"}},
	// Only to say where it belongs.
	{Type: "package", LabelNames: []string{"name"}},
}}

// ParseWorkspace reads erg.hcl, or a file of that form in JSON if its name
// ends in .json. The result is never nil, also after errors.
func ParseWorkspace(filename string, src []byte) (*Workspace, hcl.Diagnostics) {
	file, d := open(filename, src)
	w := &Workspace{Filename: d.filename, File: file}
	w.Range = hcl.Range{Filename: d.filename, Start: hcl.InitialPos, End: hcl.InitialPos}
	if file.Body == nil {
		return w, d.diags
	}
	content, diags := file.Body.Content(workspaceSchema)
	d.diags = append(d.diags, d.misplaced(diags, src, buildSchema, "build.hcl")...)
	n := d.names()
	for _, b := range content.Blocks {
		d.workspaceBlock(w, b, n)
	}
	return w, d.finish()
}

func (d *decoder) workspaceBlock(w *Workspace, b *hcl.Block, n *names) {
	switch b.Type {
	case "workspace":
		h := d.header(b)
		var version, name hcl.Expression
		d.body(b.Body, &h, fields{"name": &name, "required_version": &version, "default": &w.Default})
		if n.unique("workspace block", "", &h) {
			h.Name = d.constString(&h, "name")
			w.Header, w.RequiredVersion = h, d.constString(&h, "required_version")
		}
	case "variable":
		if v := d.variable(b); n.add("variable", "", &v.Header) {
			w.Variables = append(w.Variables, v)
		}
	case "locals":
		w.Locals = append(w.Locals, d.locals(b, n)...)
	case "source":
		if s := d.source(b); n.add("source", "", &s.Header) {
			w.Sources = append(w.Sources, s)
		}
	case "toolchain":
		t := d.toolchain(b)
		n.check("kind of toolchain", t.Kind, b.LabelRanges[0])
		if n.add("toolchain", t.Kind, &t.Header) {
			w.Toolchains = append(w.Toolchains, t)
		}
	case "template":
		t := &Template{Header: d.header(b)}
		d.definition(b.Body, &t.Header, &t.Definition, fields{})
		if n.add("template", "", &t.Header) {
			w.Templates = append(w.Templates, t)
		}
	case "context":
		c := &Context{Header: d.header(b)}
		d.definition(b.Body, &c.Header, &c.Definition, fields{"for_each": &c.ForEach})
		d.noSelf("for_each", c.ForEach)
		d.noSelf("host", c.Host)
		if n.add("context", "", &c.Header) {
			w.Contexts = append(w.Contexts, c)
		}
	case "package":
		d.error(b.DefRange, "Unsupported block type", "Blocks of type \"package\" belong in a context of erg.hcl, or in a build.hcl, not here.")
	}
}

func (d *decoder) variable(b *hcl.Block) *Variable {
	v := &Variable{Header: d.header(b)}
	var typ, description hcl.Expression
	blocks := d.body(b.Body, &v.Header,
		fields{"type": &typ, "default": &v.Default, "description": &description},
		hcl.BlockHeaderSchema{Type: "validation"})
	v.TypeConstraint = d.typeConstraint(typ)
	v.Description = d.constString(&v.Header, "description")
	d.noReferences("default", v.Default)
	for _, vb := range blocks {
		val := &Validation{Header: d.header(vb)}
		d.body(vb.Body, &val.Header, fields{"condition": &val.Condition, "error_message": &val.ErrorMessage})
		d.require(&val.Header, "a validation block", "condition", "error_message")
		if val.Condition != nil && val.ErrorMessage != nil {
			v.Validations = append(v.Validations, val)
		}
	}
	return v
}

func (d *decoder) locals(b *hcl.Block, n *names) []*Local {
	attrs, diags := b.Body.JustAttributes()
	d.diags = append(d.diags, diags...)
	var locals []*Local
	for _, attr := range attrs {
		locals = append(locals, &Local{Name: attr.Name, Range: attr.Range, NameRange: attr.NameRange})
	}
	slices.SortFunc(locals, func(a, b *Local) int { return a.Range.Start.Byte - b.Range.Start.Byte })
	return slices.DeleteFunc(locals, func(l *Local) bool {
		attr := attrs[l.Name]
		d.native(attr)
		l.Expr = attr.Expr
		return !n.add("local value", "", &Header{Name: l.Name, Range: l.NameRange, NameRange: l.NameRange})
	})
}

func (d *decoder) toolchain(b *hcl.Block) *Toolchain {
	t := &Toolchain{Header: d.header(b), Kind: b.Labels[0]}
	blocks := d.body(b.Body, &t.Header, fields{
		"for_each": &t.ForEach,
		"prefix":   &t.Prefix,
		"target":   &t.Target,
		"cc":       &t.CC,
		"flags":    &t.Flags,
		"env":      &t.Env,
	}, hcl.BlockHeaderSchema{Type: "runner"})
	t.Runner = d.runner(blocks)
	return t
}

// runner reads the runner block among blocks, of which there may be one.
func (d *decoder) runner(blocks hcl.Blocks) *Runner {
	var first *Runner
	n := d.names()
	for _, b := range blocks {
		if b.Type != "runner" {
			continue
		}
		r := &Runner{Header: d.header(b)}
		d.body(b.Body, &r.Header, fields{"command": &r.Command, "env": &r.Env, "state": &r.State})
		d.require(&r.Header, "a runner block", "command")
		if n.unique("runner block", "", &r.Header) {
			first = r
		}
	}
	return first
}

func (d *decoder) definition(body hcl.Body, h *Header, def *Definition, f fields) {
	f["toolchains"] = &def.Toolchains
	f["host"] = &def.Host
	f["imports"] = &def.Imports
	f["dirs"] = &def.Dirs
	f["exclude"] = &def.Exclude
	f["profile"] = &def.Profile
	f["settings"] = &def.Settings
	f["env"] = &def.Env
	f["extends"] = &def.Extends
	blocks := d.body(body, h, f,
		hcl.BlockHeaderSchema{Type: "runner"},
		hcl.BlockHeaderSchema{Type: "output", LabelNames: []string{"name"}},
		hcl.BlockHeaderSchema{Type: "package", LabelNames: []string{"name"}})
	def.Runner = d.runner(blocks)
	n := d.names()
	for _, b := range blocks {
		switch b.Type {
		case "output":
			if o := d.output(b); n.add("output", "", &o.Header) {
				def.Outputs = append(def.Outputs, o)
			}
		case "package":
			if p := d.pkg(b, false); n.add("package", "", &p.Header) {
				def.Packages = append(def.Packages, p)
			}
		}
	}
}

// pkg reads a package of a context, or of a build file.
func (d *decoder) pkg(b *hcl.Block, inBuild bool) *Package {
	p := &Package{Block: Block{Header: d.header(b)}}
	f := fields{
		"for_each": &p.ForEach,
		"source":   &p.Source,
		"only":     &p.Only,
		"dir":      &p.Dir,
		"steps":    &p.Steps,
		"deps":     &p.Deps,
		"tools":    &p.Tools,
		"env":      &p.Env,
		"timeout":  &p.Timeout,
	}
	if inBuild {
		f["enabled"] = &p.Enabled
	}
	blocks := d.body(b.Body, &p.Header, f, hcl.BlockHeaderSchema{Type: "provides"})
	d.require(&p.Header, "a package", "source", "steps")
	n := d.names()
	for _, x := range blocks {
		v := d.provides(x)
		if n.unique("provides block", "", &v.Header) {
			p.Provides = v
		}
	}
	return p
}

func (d *decoder) provides(b *hcl.Block) *Provides {
	v := &Provides{Header: d.header(b)}
	blocks := d.body(b.Body, &v.Header, fields{"bin": &v.Bin, "lib": &v.Lib, "share": &v.Share},
		hcl.BlockHeaderSchema{Type: "library", LabelNames: []string{"name"}})
	n := d.names()
	for _, x := range blocks {
		l := &ProvidedLibrary{Header: d.header(x)}
		d.body(x.Body, &l.Header, fields{"archive": &l.Archive, "include": &l.Include, "ldflags": &l.LDFlags, "deps": &l.Deps})
		if n.add("library", "", &l.Header) {
			v.Libraries = append(v.Libraries, l)
		}
	}
	return v
}

func (d *decoder) output(b *hcl.Block) *Output {
	o := &Output{Header: d.header(b)}
	var typ, parse, description, sensitive hcl.Expression
	d.body(b.Body, &o.Header, fields{
		"type":        &typ,
		"value":       &o.Value,
		"run":         &o.Run,
		"parse":       &parse,
		"file":        &o.File,
		"inputs":      &o.Inputs,
		"env":         &o.Env,
		"description": &description,
		"sensitive":   &sensitive,
	})
	o.TypeConstraint = d.typeConstraint(typ)
	o.Description = d.constString(&o.Header, "description")
	o.Sensitive = d.constBool(&o.Header, "sensitive")
	o.Parse = d.constString(&o.Header, "parse")
	d.checkOutput(o)
	return o
}

// checkOutput checks which attributes of an output go together.
func (d *decoder) checkOutput(o *Output) {
	var from []string
	for _, name := range []string{"value", "run", "file"} {
		if _, ok := o.Attrs[name]; ok {
			from = append(from, name)
		}
	}
	switch {
	case len(from) == 0:
		d.error(o.Range, "Output without a value", "An output needs one of \"value\", \"run\" and \"file\", to say where its value comes from.")
	case len(from) > 1:
		d.error(o.Attrs[from[1]].NameRange, "Conflicting arguments", "An output has only one of \"value\", \"run\" and \"file\"; %q is already set at %s.",
			from[0], position(o.Attrs[from[0]].NameRange))
	case from[0] == "value":
		d.onlyWith(o, "parse", "\"run\" or \"file\"")
		d.onlyWith(o, "inputs", "\"run\"")
		d.onlyWith(o, "env", "\"run\"")
	case from[0] == "file":
		d.onlyWith(o, "inputs", "\"run\"")
		d.onlyWith(o, "env", "\"run\"")
	}
	if o.Parse != "" && !slices.Contains(ParseModes, o.Parse) {
		hint := ""
		if s := lang.Suggest(o.Parse, ParseModes); s != "" {
			hint = " Did you mean \"" + s + "\"?"
		}
		d.error(o.Attrs["parse"].Expr.Range(), "Unsuitable value", "The argument \"parse\" must be \"text\", \"lines\", \"words\" or \"json\", not %q.%s", o.Parse, hint)
		o.Parse = ""
	}
}

func (d *decoder) onlyWith(o *Output, name, with string) {
	if a, ok := o.Attrs[name]; ok {
		d.error(a.NameRange, "Conflicting arguments", "The argument %q of an output makes sense only with %s.", name, with)
	}
}

// noSelf refuses references to self where a context is not itself yet.
func (d *decoder) noSelf(name string, expr hcl.Expression) {
	for _, ref := range lang.References(expr) {
		if ref.Root == "self" {
			d.error(ref.Range, "Invalid reference", "The argument %q may not refer to self: it decides which context that is.", name)
		}
	}
}

func (d *decoder) noReferences(name string, expr hcl.Expression) {
	for _, ref := range lang.References(expr) {
		d.error(ref.Range, "Invalid reference", "The argument %q of a variable must be constant. Use a local value for what depends on others.", name)
	}
}
