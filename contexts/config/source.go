package config

import (
	"path"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/hashicorp/hcl/v2/json"
	"golang.org/x/text/unicode/norm"
)

// IsJSON reports whether a file is in the JSON syntax, by its name.
func IsJSON(filename string) bool { return strings.HasSuffix(filename, ".json") }

// Format returns a native-syntax file in canonical style. Text that does not
// parse is returned as it is where it does not make sense.
func Format(src []byte) []byte { return hclwrite.Format(src) }

// open parses the syntax of a file. The file returned is never nil, so that
// diagnostics can quote it; its body may be.
func open(filename string, src []byte) (*hcl.File, *decoder) {
	d := &decoder{filename: path.Clean(filename), json: IsJSON(filename)}
	if i := invalidUTF8(src); i >= 0 {
		d.error(rangeAt(src, d.filename, i, i+1), "Invalid character encoding",
			"The file is not in UTF-8: the byte 0x%02x here does not belong to any character. Save it in UTF-8.", src[i])
		return &hcl.File{Bytes: src}, d
	}
	var file *hcl.File
	var diags hcl.Diagnostics
	if d.json {
		file, diags = json.Parse(src, d.filename)
		d.diags = duplicateKeys(src, d.filename)
		d.duplicate = make(map[int]bool, len(d.diags))
		for _, dup := range d.diags {
			d.duplicate[dup.Subject.Start.Byte] = true
		}
	} else {
		file, diags = hclsyntax.ParseConfig(src, d.filename, hcl.InitialPos)
	}
	d.diags = append(d.diags, diags...)
	d.checkNormalForm(src)
	if file == nil {
		file = &hcl.File{Bytes: src}
	}
	return file, d
}

// invalidUTF8 returns the offset of the first byte that is not UTF-8, or -1.
func invalidUTF8(src []byte) int {
	if utf8.Valid(src) {
		return -1
	}
	for i := 0; i < len(src); {
		r, n := utf8.DecodeRune(src[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return -1
}

// checkNormalForm refuses names and strings that are not in normalization form
// C. A string value always is, so it would not be the text in the file: a file
// named by it would not be found, and nobody could see why. Comments may be in
// any form.
func (d *decoder) checkNormalForm(src []byte) {
	if norm.NFC.IsNormal(src) {
		return
	}
	if d.json {
		d.notNormal(src, 0, len(src))
		return
	}
	tokens, _ := hclsyntax.LexConfig(src, d.filename, hcl.InitialPos)
	for _, t := range tokens {
		switch t.Type {
		case hclsyntax.TokenQuotedLit, hclsyntax.TokenStringLit, hclsyntax.TokenIdent:
			if !norm.NFC.IsNormal(t.Bytes) {
				d.notNormal(src, t.Range.Start.Byte, t.Range.End.Byte)
			}
		}
	}
}

func (d *decoder) notNormal(src []byte, start, end int) {
	at := start + norm.NFC.QuickSpan(src[start:end])
	_, n := utf8.DecodeRune(src[at:])
	d.error(rangeAt(src, d.filename, at, at+n), "Text not in normal form",
		"The characters here are not in Unicode normalization form C, in which all text of this file must be: an accented letter is one character, not a letter and an accent.")
}

// rangeAt makes a range from offsets. Columns count characters.
func rangeAt(src []byte, filename string, start, end int) hcl.Range {
	return hcl.Range{Filename: filename, Start: posAt(src, start), End: posAt(src, end)}
}

func posAt(src []byte, offset int) hcl.Pos {
	pos := hcl.Pos{Line: 1, Column: 1, Byte: offset}
	text := src[:min(offset, len(src))]
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRune(text[i:])
		i += n
		pos.Column++
		if r == '\n' {
			pos.Line, pos.Column = pos.Line+1, 1
		}
	}
	return pos
}
