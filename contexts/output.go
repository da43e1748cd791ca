package contexts

import (
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/config"
	"erg.build/erg/contexts/lang"
	"erg.build/erg/engine"
	"erg.build/erg/engine/action"
)

// findOutput finds an output block of a context or of its templates.
func (ev *Evaluator) findOutput(d *definedAt, name string) (*config.Definition, *config.Output) {
	chain := ev.chain(d)
	for i := len(chain) - 1; i >= 0; i-- {
		if o := chain[i].Output(name); o != nil {
			return chain[i], o
		}
	}
	return nil, nil
}

// output evaluates context.C.output.N. The answer of a program, or the
// content of a file that is made, is an unknown of the declared type until
// it is there.
func (ev *Evaluator) output(t *engine.Task, el addr.Element) (cty.Value, error) {
	d, err := ev.definition(t, el.Context)
	if err != nil {
		return cty.DynamicVal, err
	}
	_, o := ev.findOutput(d, el.Name)
	ty := o.Type
	if ty == cty.NilType {
		ty = cty.DynamicPseudoType
	}
	unknown := cty.UnknownVal(ty)
	what := fmt.Sprintf("output %q of context %s", o.Name, el.Context)
	note := func(val cty.Value, c engine.Content) cty.Value {
		if o.Sensitive && !lang.IsSensitive(val) {
			val = val.Mark(lang.SensitiveMark{})
		}
		v := ev.noteValue(t, el.String(), val, o.Range, o.Sensitive)
		if c.Predicts {
			if p, diags := ev.parse(string(c.Predicted), o, what); !diags.HasErrors() {
				v.Predicted, v.Unchanged = showValue(p), c.Unchanged
			}
		}
		return val
	}
	if o.Value != nil {
		val, diags := lang.Eval(o.Value, d.scope)
		if !diags.HasErrors() {
			val, diags = convertTo(val, o.TypeConstraint, o.Value.Range(), what)
		}
		if err := ev.report(diags); err != nil {
			return note(unknown, engine.Content{}), err
		}
		return note(val, engine.Content{}), nil
	}
	c, err := ev.outputContent(t, d, el, o)
	if later := (*notYet)(nil); errors.As(err, &later) { // a value may be unknown, and its users go on
		t.Deferred(el.Context.String(), el.String(), later.waits)
		return note(unknown, engine.Content{}), nil
	}
	if err != nil {
		return note(unknown, engine.Content{}), err
	}
	if !c.Known {
		return note(unknown, c), nil
	}
	val, diags := ev.parse(string(c.Bytes), o, what)
	if err := ev.report(diags); err != nil {
		return note(unknown, engine.Content{}), err
	}
	return note(val, engine.Content{}), nil
}

// outputContent has the text that an output is parsed from.
func (ev *Evaluator) outputContent(t *engine.Task, d *definedAt, el addr.Element, o *config.Output) (engine.Content, error) {
	if o.File != nil {
		val, diags := lang.Eval(o.File, d.scope)
		p, ok, more := ev.filePath(t, val, "", nil, o.File.Range())
		diags = append(diags, more...)
		if err := ev.report(diags); err != nil || !ok {
			return engine.Content{}, err
		}
		c, err := t.Content(p)
		return c, ev.report(ev.diagnose(err, o.File.Range(), "Cannot read a file"))
	}
	root := contextRoot(el.Context)
	spec := action.Spec{
		Name:    "output " + el.Context.String() + "." + o.Name,
		Context: el.Context.String(),
		Target:  el.Context.String() + "//:output." + o.Name,
		Root:    root,
		Outputs: []string{root + "/.outputs/" + o.Name},
		Stdout:  root + "/.outputs/" + o.Name,
		Sandbox: true,
	}
	cmd, diags := ev.command(d.scope, o.Run)
	if o.Inputs != nil {
		in, more := ev.inputFiles(d.scope, o.Inputs, "")
		diags = append(diags, more...)
		cmd.inputs = append(cmd.inputs, in...)
	}
	if o.Env != nil {
		val, more := lang.Eval(o.Env, d.scope)
		diags = append(diags, more...)
		if !more.HasErrors() {
			cmd.addEnv(val, o.Env.Range(), &diags)
		}
	}
	if err := ev.report(diags); err != nil {
		return engine.Content{}, err
	}
	cmd.fill(&spec, d.scope)
	if err := ev.addContextEnv(t, el.Context, &spec); err != nil {
		return engine.Content{}, err
	}
	if err := t.Define(spec); err != nil {
		return engine.Content{}, ev.report(ev.diagnose(err, o.Range, "Invalid output"))
	}
	c, err := t.Content(spec.Stdout)
	return c, ev.report(ev.diagnose(err, o.Range, "Cannot have an output"))
}

// parse reads the text of an output.
func (ev *Evaluator) parse(text string, o *config.Output, what string) (cty.Value, hcl.Diagnostics) {
	at := o.AttrRange("type")
	text = strings.ReplaceAll(text, "\r\n", "\n")
	var val cty.Value
	switch o.Parse {
	case "lines":
		val = stringList(lang.Lines(text))
	case "words":
		val = stringList(strings.Fields(text))
	case "json":
		ty, err := ctyjson.ImpliedType([]byte(text))
		if err == nil {
			val, err = ctyjson.Unmarshal([]byte(text), ty)
		}
		if err != nil {
			return cty.DynamicVal, errorAt(o.AttrRange("parse"), "Not JSON", "The text of %s is not JSON: %v.\nIt is:\n%s", what, err, excerpt(text))
		}
	default:
		val = cty.StringVal(strings.TrimSuffix(text, "\n"))
	}
	got, diags := convertTo(val, o.TypeConstraint, at, what)
	for _, d := range diags {
		if d.Severity == hcl.DiagError {
			d.Detail += "\nIts text is:\n" + excerpt(text)
		}
	}
	return got, diags
}

func stringList(ss []string) cty.Value {
	if len(ss) == 0 {
		return cty.ListValEmpty(cty.String)
	}
	vals := make([]cty.Value, len(ss))
	for i, s := range ss {
		vals[i] = cty.StringVal(s)
	}
	return cty.ListVal(vals)
}

// excerpt indents the beginning of a text for a diagnostic.
func excerpt(text string) string {
	const most = 10
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	more := ""
	if len(lines) > most {
		more = fmt.Sprintf("\n  … %d more lines", len(lines)-most)
		lines = lines[:most]
	}
	for i, l := range lines {
		if len(l) > 200 {
			l = l[:200] + "…"
		}
		lines[i] = "  " + strings.ToValidUTF8(l, "�")
	}
	return strings.Join(lines, "\n") + more
}

// contextRoot is the output root of a context.
func contextRoot(c addr.Context) string { return action.BuildDir + "/" + c.String() }
