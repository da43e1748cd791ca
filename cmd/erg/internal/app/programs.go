package app

import (
	"fmt"
	"io"
	"text/tabwriter"

	"erg.build/erg/contexts"
)

// writePrograms says where the programs are.
func writePrograms(w io.Writer, ps []contexts.Program) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, p := range ps {
		if _, err := fmt.Fprintf(tw, "%s\t%s\n", p.Address, p.Path); err != nil {
			return err
		}
	}
	return tw.Flush()
}
