package config

import (
	"slices"

	"erg.build/erg/contexts/addr"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

var buildSchema = &hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{
	{Type: "setting", LabelNames: []string{"name"}},
	{Type: "library", LabelNames: []string{"name"}},
	{Type: "executable", LabelNames: []string{"name"}},
	{Type: "rule", LabelNames: []string{"name"}},
	{Type: "ninja", LabelNames: []string{"name"}},
	{Type: "test", LabelNames: []string{"name"}},
	{Type: "install", LabelNames: []string{"package"}},
	{Type: "package", LabelNames: []string{"name"}},
}}

// ParseBuild reads build.hcl, or a file of that form in JSON if its name ends
// in .json. The result is never nil, also after errors.
func ParseBuild(filename string, src []byte) (*Build, hcl.Diagnostics) {
	file, d := open(filename, src)
	b := &Build{Filename: d.filename, File: file}
	if file.Body == nil {
		return b, d.diags
	}
	content, diags := labelInstalls(file.Body).Content(buildSchema)
	d.diags = append(d.diags, d.misplaced(diags, src, workspaceSchema, "erg.hcl")...)
	n := d.names()
	for _, block := range content.Blocks {
		d.buildBlock(b, block, n)
	}
	return b, d.finish()
}

// labelInstalls gives an empty label to each install block that has none. HCL
// knows no optional labels. (In JSON the label "" must be written out, since a
// section could not be told from a package.)
func labelInstalls(body hcl.Body) hcl.Body {
	native, ok := body.(*hclsyntax.Body)
	if !ok {
		return body
	}
	labelled := *native
	labelled.Blocks = slices.Clone(native.Blocks)
	for i, b := range labelled.Blocks {
		if b.Type == "install" && len(b.Labels) == 0 {
			with := *b
			with.Labels, with.LabelRanges = []string{""}, []hcl.Range{b.TypeRange}
			labelled.Blocks[i] = &with
		}
	}
	return &labelled
}

func (d *decoder) buildBlock(f *Build, b *hcl.Block, n *names) {
	switch b.Type {
	case "setting":
		if s := d.setting(b); n.add("setting", "", &s.Header) {
			f.Settings = append(f.Settings, s)
		}
	case "library":
		if l := d.library(b); n.add("library", "", &l.Header) {
			f.Libraries = append(f.Libraries, l)
		}
	case "executable":
		if x := d.executable(b); n.add("executable", "", &x.Header) {
			f.Executables = append(f.Executables, x)
		}
	case "rule":
		if r := d.rule(b); n.add("rule", "", &r.Header) {
			f.Rules = append(f.Rules, r)
		}
	case "ninja":
		if x := d.ninja(b); n.add("ninja", "", &x.Header) {
			f.Ninjas = append(f.Ninjas, x)
		}
	case "test":
		if t := d.test(b); n.add("test", "", &t.Header) {
			f.Tests = append(f.Tests, t)
		}
	case "install":
		if i := d.install(b); n.unique("install block", "", &i.Header) {
			f.Installs = append(f.Installs, i)
		}
	case "package":
		if p := d.pkg(b, true); n.add("package", "", &p.Header) {
			f.Packages = append(f.Packages, p)
		}
	}
}

func (d *decoder) setting(b *hcl.Block) *Setting {
	s := &Setting{Block: Block{Header: d.header(b)}}
	var typ, description hcl.Expression
	d.body(b.Body, &s.Header, fields{
		"type":        &typ,
		"default":     &s.Default,
		"description": &description,
	})
	s.TypeConstraint = d.typeConstraint(typ)
	s.Description = d.constString(&s.Header, "description")
	return s
}

func (c *Component) fields() fields {
	return fields{
		"enabled":  &c.Enabled,
		"for_each": &c.ForEach,
		"sources":  &c.Sources,
		"headers":  &c.Headers,
		"deps":     &c.Deps,
		"public":   &c.Public,
		"flags":    &c.Flags,
		"include":  &c.Include,
		"ldflags":  &c.LDFlags,
		"modes":    &c.Modes,
	}
}

func (d *decoder) library(b *hcl.Block) *Library {
	l := &Library{}
	l.Header = d.header(b)
	f := l.fields()
	f["wrapped"] = &l.Wrapped
	d.body(b.Body, &l.Header, f)
	return l
}

func (d *decoder) executable(b *hcl.Block) *Executable {
	x := &Executable{}
	x.Header = d.header(b)
	f := x.fields()
	f["linker_script"] = &x.LinkerScript
	d.body(b.Body, &x.Header, f)
	return x
}

func (d *decoder) rule(b *hcl.Block) *Rule {
	r := &Rule{Block: Block{Header: d.header(b)}}
	d.body(b.Body, &r.Header, fields{
		"enabled":  &r.Enabled,
		"for_each": &r.ForEach,
		"run":      &r.Run,
		"inputs":   &r.Inputs,
		"outputs":  &r.Outputs,
		"stdin":    &r.Stdin,
		"stdout":   &r.Stdout,
		"env":      &r.Env,
		"dir":      &r.Dir,
		"depfile":  &r.Depfile,
		"public":   &r.Public,
		"timeout":  &r.Timeout,
		"tree":     &r.Tree,
	})
	d.require(&r.Header, "a rule", "run")
	if r.Outputs == nil && r.Stdout == nil {
		d.error(r.Range, "Rule without outputs", "A rule makes files: name them in \"outputs\", or in \"stdout\" the one that takes what the program prints. What makes none is a test.")
	}
	return r
}

func (d *decoder) ninja(b *hcl.Block) *Ninja {
	x := &Ninja{Block: Block{Header: d.header(b)}}
	d.body(b.Body, &x.Header, fields{
		"enabled":  &x.Enabled,
		"for_each": &x.ForEach,
		"file":     &x.File,
		"targets":  &x.Targets,
		"dir":      &x.Dir,
		"inputs":   &x.Inputs,
		"env":      &x.Env,
		"bin":      &x.Bin,
	})
	d.require(&x.Header, "a ninja block", "file")
	return x
}

func (d *decoder) test(b *hcl.Block) *Test {
	t := &Test{Block: Block{Header: d.header(b)}}
	d.body(b.Body, &t.Header, fields{
		"enabled":  &t.Enabled,
		"for_each": &t.ForEach,
		"run":      &t.Run,
		"inputs":   &t.Inputs,
		"expect":   &t.Expect,
		"timeout":  &t.Timeout,
		"stdin":    &t.Stdin,
		"env":      &t.Env,
		"dir":      &t.Dir,
	})
	d.require(&t.Header, "a test", "run")
	return t
}

func (d *decoder) install(b *hcl.Block) *Install {
	in := &Install{Block: Block{Header: d.header(b)}}
	if in.Name != "" && !addr.ValidKey(in.Name) {
		d.error(in.NameRange, "Invalid name", "The name of a package must be letters, digits and any of \"._+-\", since it becomes a directory; %q is not.", in.Name)
	}
	f := fields{"enabled": &in.Enabled}
	sections := make([]hcl.Expression, len(InstallSections))
	for i, name := range InstallSections {
		f[name] = &sections[i]
	}
	d.body(b.Body, &in.Header, f)
	for i, expr := range sections {
		if expr == nil {
			continue
		}
		name := InstallSections[i]
		in.Sections = append(in.Sections, &InstallSection{
			Section:   name,
			Files:     expr,
			NameRange: in.Attrs[name].NameRange,
		})
	}
	slices.SortFunc(in.Sections, func(a, b *InstallSection) int {
		return a.NameRange.Start.Byte - b.NameRange.Start.Byte
	})
	return in
}
