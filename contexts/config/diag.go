package config

import (
	"io"

	"github.com/hashicorp/hcl/v2"
)

// WriteDiagnostics writes diagnostics for people, with the lines of source
// that they are about. Files are by the name that ranges have; width is that of
// the terminal, 0 for no limit.
func WriteDiagnostics(w io.Writer, files map[string]*hcl.File, diags hcl.Diagnostics, color bool, width int) error {
	return hcl.NewDiagnosticTextWriter(w, files, uint(max(width, 0)), color).WriteDiagnostics(diags)
}
