package config

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"
)

// Settable reports whether the integrity of a source is a constant, or absent,
// so that SetIntegrity can write it.
func (s *Source) Settable() bool {
	if s.Integrity == nil {
		return s.ForEach == nil
	}
	tmpl, ok := s.Integrity.(*hclsyntax.TemplateExpr)
	return ok && tmpl.IsStringLiteral()
}

// SetIntegrity returns a workspace file in native syntax with the integrities
// of sources, by name, set. All else stays as it is written; a file in the
// canonical layout stays in it.
func SetIntegrity(filename string, src []byte, integrities map[string]string) ([]byte, error) {
	f, diags := hclwrite.ParseConfig(src, filename, hcl.InitialPos)
	if diags.HasErrors() {
		return nil, diags
	}
	left := len(integrities)
	for _, b := range f.Body().Blocks() {
		if b.Type() != "source" || len(b.Labels()) != 1 {
			continue
		}
		text, ok := integrities[b.Labels()[0]]
		if !ok {
			continue
		}
		b.Body().SetAttributeValue("integrity", cty.StringVal(text))
		left--
	}
	if left > 0 {
		return nil, fmt.Errorf("%s does not declare all of the sources", filename)
	}
	out := f.Bytes()
	if string(Format(src)) == string(src) {
		out = Format(out)
	}
	return out, nil
}
