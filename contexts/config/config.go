// Package config reads erg's own files, erg.hcl and build.hcl, into static Go
// structs: which blocks there are, with their names and, unevaluated, the
// expressions of their attributes.
//
// It checks all that can be checked without evaluating anything: the form of
// blocks, unknown attributes, names, duplicates, attributes that exclude or
// require one another. All problems of a file are reported at once, and a file
// with problems still yields what could be read.
//
// The native syntax and JSON are accepted. The expressions of a JSON file are
// turned into those of the native syntax, so that nobody else needs to know
// which one a file is written in; see json.go.
//
// The package does not evaluate (that is package lang), does not know which
// kinds of toolchains there are, and opens no files: it is given their text.
// Start reading at ParseWorkspace and ParseBuild.
package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"erg.build/erg/contexts/addr"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// The names of the files, in the order in which they are looked for. There may
// be only one of each in a directory.
var (
	WorkspaceFiles = []string{"erg.hcl", "erg.hcl.json", "erg.json"}
	BuildFiles     = []string{"build.hcl", "build.hcl.json"}
)

// A Header is what all blocks have.
type Header struct {
	Name      string    // "" for a block without a label
	Range     hcl.Range // of the line that opens the block
	NameRange hcl.Range // of the label that gives the name
	Attrs     hcl.Attributes
}

// AttrRange returns where an attribute is set, name and value, or else where
// the block starts: the place to point at for what an attribute does.
func (h *Header) AttrRange(name string) hcl.Range {
	if a, ok := h.Attrs[name]; ok {
		return a.Range
	}
	return h.Range
}

// A decoder collects the problems of one file.
type decoder struct {
	filename string
	json     bool
	diags    hcl.Diagnostics

	// duplicate has the offsets of the keys in a JSON file that were there
	// before. They are reported, and need not be again in other words.
	duplicate map[int]bool
}

func (d *decoder) error(at hcl.Range, summary, format string, args ...any) {
	d.diags = append(d.diags, &hcl.Diagnostic{
		Severity: hcl.DiagError,
		Summary:  summary,
		Detail:   fmt.Sprintf(format, args...),
		Subject:  at.Ptr(),
	})
}

// finish returns all problems, in the order of the file.
func (d *decoder) finish() hcl.Diagnostics {
	diags := slices.DeleteFunc(d.diags, func(x *hcl.Diagnostic) bool {
		return x.Subject != nil && d.duplicate[x.Subject.Start.Byte] && x.Summary != duplicateKey && strings.HasPrefix(x.Summary, "Duplicate")
	})
	slices.SortStableFunc(diags, func(a, b *hcl.Diagnostic) int {
		if a.Subject == nil || b.Subject == nil {
			return 0
		}
		return a.Subject.Start.Byte - b.Subject.Start.Byte
	})
	return diags
}

// misplaced improves on the diagnostics for unknown blocks where a block is
// known in the other file.
func (d *decoder) misplaced(diags hcl.Diagnostics, src []byte, other *hcl.BodySchema, belongs string) hcl.Diagnostics {
	for _, x := range diags {
		if x.Subject == nil || !x.Subject.CanSliceBytes(src) {
			continue
		}
		name := strings.Trim(string(x.Subject.SliceBytes(src)), `"`)
		if slices.ContainsFunc(other.Blocks, func(b hcl.BlockHeaderSchema) bool { return b.Type == name }) {
			x.Detail = fmt.Sprintf("Blocks of type %q belong in %s, not here.", name, belongs)
		}
	}
	return diags
}

// fields says where the expressions of a block's attributes go. An expression
// is nil when its attribute is absent.
type fields map[string]*hcl.Expression

// header reads a block whose last label, if it has any, is its name.
func (d *decoder) header(b *hcl.Block) Header {
	h := Header{Range: b.DefRange, NameRange: b.TypeRange}
	if n := len(b.Labels); n > 0 {
		h.Name, h.NameRange = b.Labels[n-1], b.LabelRanges[n-1]
	}
	if d.json {
		h.Range = h.NameRange // no line opens the block
	}
	return h
}

// body reads the attributes and blocks of a block.
func (d *decoder) body(b hcl.Body, h *Header, f fields, blocks ...hcl.BlockHeaderSchema) hcl.Blocks {
	schema := &hcl.BodySchema{Blocks: blocks}
	for _, name := range slices.Sorted(maps.Keys(f)) {
		schema.Attributes = append(schema.Attributes, hcl.AttributeSchema{Name: name})
	}
	content, diags := b.Content(schema)
	d.diags = append(d.diags, sayExpected(diags, schema)...)
	h.Attrs = content.Attributes
	for _, name := range slices.Sorted(maps.Keys(content.Attributes)) {
		attr := content.Attributes[name]
		d.native(attr)
		*f[name] = attr.Expr
	}
	return content.Blocks
}

// sayExpected adds to the diagnostics for unknown arguments what there is,
// where no close name could be suggested.
func sayExpected(diags hcl.Diagnostics, schema *hcl.BodySchema) hcl.Diagnostics {
	var names []string
	for _, a := range schema.Attributes {
		names = append(names, a.Name)
	}
	for _, x := range diags {
		unknown := x.Summary == "Unsupported argument" || x.Summary == "Extraneous JSON object property"
		if unknown && !strings.Contains(x.Detail, "Did you mean") && len(names) > 0 {
			x.Detail += " There are: " + strings.Join(names, ", ") + "."
		}
	}
	return diags
}

// native turns the expression of an attribute in JSON into a native one.
func (d *decoder) native(attr *hcl.Attribute) {
	if !d.json {
		return
	}
	expr, diags := fromJSON(attr.Expr, attr.Name == "type")
	d.diags = append(d.diags, diags...)
	attr.Expr = expr
}

// require reports attributes that are not set.
func (d *decoder) require(h *Header, what string, names ...string) {
	for _, name := range names {
		if _, ok := h.Attrs[name]; !ok {
			d.error(h.Range, "Missing required argument", "The argument %q is required in %s.", name, what)
		}
	}
}

// constant evaluates an expression that may not refer to anything, to a value
// of a primitive type. It returns the null of that type if there is none.
func (d *decoder) constant(h *Header, name string, ty cty.Type) cty.Value {
	none := cty.NullVal(ty)
	attr, ok := h.Attrs[name]
	if !ok {
		return none
	}
	val, diags := attr.Expr.Value(nil)
	if diags.HasErrors() || !val.IsKnown() || val.IsNull() || val.Type() != ty {
		d.error(attr.Expr.Range(), "Unsuitable value", "The argument %q must be a constant %s.", name, ty.FriendlyName())
		return none
	}
	return val
}

func (d *decoder) constString(h *Header, name string) string {
	if v := d.constant(h, name, cty.String); !v.IsNull() {
		return v.AsString()
	}
	return ""
}

func (d *decoder) constBool(h *Header, name string) bool {
	v := d.constant(h, name, cty.Bool)
	return !v.IsNull() && v.True()
}

// names checks the names of blocks and finds those defined twice.
type names struct {
	d    *decoder
	seen map[string]hcl.Range
}

func (d *decoder) names() *names { return &names{d: d, seen: make(map[string]hcl.Range)} }

// add checks the name of a block and reports whether it is the first of that
// name. what is "context", kind qualifies the name: "cc" of a toolchain.
func (n *names) add(what, kind string, h *Header) bool {
	n.check(what, h.Name, h.NameRange)
	return n.unique(what, kind, h)
}

// unique reports whether a block is the first of its name, or of its kind if
// it has none.
func (n *names) unique(what, kind string, h *Header) bool {
	full := what
	for _, part := range []string{kind, h.Name} {
		if part != "" {
			full += fmt.Sprintf(" %q", part)
		}
	}
	first, dup := n.seen[full]
	if !dup {
		n.seen[full] = h.Range
		return true
	}
	if !n.d.duplicate[h.NameRange.Start.Byte] { // reported already, as a key of JSON
		n.d.error(h.Range, "Duplicate "+what, "The %s is already defined at %s. Each may be defined only once.", full, position(first))
	}
	return false
}

// check reports a name that is no identifier.
func (n *names) check(what, name string, at hcl.Range) {
	if addr.ValidName(name) {
		return
	}
	n.d.error(at, "Invalid name", "The name of a %s must be a letter or underscore, then letters, digits, underscores and dashes; %q is not.%s", what, name, suggestName(name))
}

// suggestName makes an identifier out of something like one.
func suggestName(name string) string {
	s := strings.Map(func(r rune) rune {
		if r < 0x80 && addr.ValidName("a"+string(r)) {
			return r
		}
		return '_'
	}, name)
	if s != name && addr.ValidName(s) && strings.Trim(s, "_") != "" {
		return fmt.Sprintf(" Did you mean %q?", s)
	}
	return ""
}

// position spells a place as compilers do.
func position(r hcl.Range) string {
	return fmt.Sprintf("%s:%d:%d", r.Filename, r.Start.Line, r.Start.Column)
}

// Items splits an object expression into its items, so that each can be
// evaluated on its own: one setting does not depend on what another needs. It
// reports false if the expression is not an object written out with constant
// keys.
func Items(expr hcl.Expression) ([]Item, bool) {
	for {
		p, ok := expr.(*hclsyntax.ParenthesesExpr)
		if !ok {
			break
		}
		expr = p.Expression
	}
	obj, ok := expr.(*hclsyntax.ObjectConsExpr)
	if !ok {
		return nil, false
	}
	items := make([]Item, 0, len(obj.Items))
	for _, it := range obj.Items {
		if len(it.KeyExpr.Variables()) > 0 {
			return nil, false
		}
		key, diags := it.KeyExpr.Value(nil)
		if diags.HasErrors() || key.Type() != cty.String || key.IsNull() {
			return nil, false
		}
		items = append(items, Item{Name: key.AsString(), NameRange: it.KeyExpr.Range(), Expr: it.ValueExpr})
	}
	return items, true
}

// An Item is one `name = value` of an object expression.
type Item struct {
	Name      string
	NameRange hcl.Range
	Expr      hcl.Expression
}

// Range returns the range of name and value.
func (i Item) Range() hcl.Range { return hcl.RangeBetween(i.NameRange, i.Expr.Range()) }
