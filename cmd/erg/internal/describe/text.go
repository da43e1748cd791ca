package describe

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"erg.build/erg/contexts/dune/rules"
)

// Text prints a table for people.
func (d Workspace) Text(w io.Writer) error {
	p := &printer{}
	p.w = tabwriter.NewWriter(&p.text, 0, 0, 2, ' ', 0)
	for i, c := range d.Contexts {
		if i > 0 {
			p.line()
		}
		head := "context " + c.Context.String()
		if c.OCaml != "" {
			head += ", OCaml " + c.OCaml
		}
		p.line(head)
		p.packages(c)
		p.libraries(c)
		p.executables(c)
		p.tests(c)
		p.w.Flush()
	}
	for _, g := range d.Deferred {
		p.line(fmt.Sprintf("context %s: %s is known after the build of %s", g.Context, g.What, strings.Join(g.Waits, ", ")))
	}
	p.w.Flush()
	for line := range strings.Lines(p.text.String()) {
		if _, err := fmt.Fprintln(w, strings.TrimRight(line, " \n")); err != nil {
			return err
		}
	}
	return nil
}

// A printer prints sections, each of which has columns of its own.
type printer struct {
	text strings.Builder
	w    *tabwriter.Writer
}

func (p *printer) line(cells ...string) { fmt.Fprintln(p.w, strings.Join(cells, "\t")) }

// section begins one, if there is something in it. The lines of a section
// have equally many cells.
func (p *printer) section(some bool, cells ...string) {
	p.w.Flush()
	if some {
		p.line(cells...)
	}
}

func (p *printer) packages(c *rules.Description) {
	p.section(len(c.Packages) > 0, "packages", "", "")
	for _, k := range c.Packages {
		p.line("  "+k.Name, k.Version, k.Synopsis)
	}
}

func (p *printer) libraries(c *rules.Description) {
	p.section(len(c.Libraries) > 0, "libraries", "in", "modules", "needs")
	for _, l := range c.Libraries {
		implements := ""
		if l.Implements != "" {
			implements = "(implements " + l.Implements + ")"
		}
		p.unit(l.Name, l.DescribedUnit, implements)
	}
}

// executables prints a line for each program, and what those of one stanza
// share beside the first.
func (p *printer) executables(c *rules.Description) {
	p.section(len(c.Executables) > 0, "programs", "in", "modules", "needs")
	for _, e := range c.Executables {
		for i, x := range e.Programs {
			name := x.Name
			if x.Public != "" && x.Public != name {
				name = x.Public + " (" + name + ")"
			}
			if i == 0 {
				p.unit(name, e.DescribedUnit, "")
			} else {
				p.line("  "+name, dirOf(e.Dir), "", "")
			}
		}
	}
}

func (p *printer) tests(c *rules.Description) {
	p.section(len(c.Tests) > 0, "tests", "declared at")
	for _, t := range c.Tests {
		p.line("  //"+t.Address.Dir+":"+t.Address.Name, t.Site)
	}
}

func (p *printer) unit(name string, u rules.DescribedUnit, more string) {
	if u.Unavailable != "" {
		first, _, _ := strings.Cut(u.Unavailable, "\n")
		p.line("  "+name, dirOf(u.Dir), "", "cannot be built: "+first)
		return
	}
	needs := slices.Clone(u.Requires)
	if len(u.Ppx) > 0 {
		needs = append(needs, "(ppx: "+strings.Join(u.Ppx, " ")+")")
	}
	needs = append(needs, more)
	p.line("  "+name, dirOf(u.Dir), fmt.Sprint(len(u.Modules)), strings.TrimSpace(strings.Join(needs, " ")))
}
