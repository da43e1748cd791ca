package describe

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"erg.build/erg/contexts/dune/rules"
)

// Text prints a table for people.
func (d Workspace) Text(w io.Writer) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	line := func(cells ...string) { fmt.Fprintln(tw, strings.TrimRight(strings.Join(cells, "\t"), "\t ")) }
	for i, c := range d.Contexts {
		if i > 0 {
			line()
		}
		head := "context " + c.Context.String()
		if c.OCaml != "" {
			head += ", OCaml " + c.OCaml
		}
		line(head)
		packages(c, line)
		libraries(c, line)
		executables(c, line)
		if len(c.Tests) > 0 {
			line("tests")
		}
		for _, t := range c.Tests {
			line("  "+name(t.Address.Dir, t.Address.Name), t.Site)
		}
		if err := tw.Flush(); err != nil {
			return err
		}
	}
	for _, g := range d.Deferred {
		line(fmt.Sprintf("context %s: %s is known after the build of %s", g.Context, g.What, strings.Join(g.Waits, ", ")))
	}
	return tw.Flush()
}

// name is how an argument of "erg test" and "erg run" spells a target.
func name(dir, target string) string { return "//" + dir + ":" + target }

func packages(c *rules.Description, line func(...string)) {
	if len(c.Packages) > 0 {
		line("packages")
	}
	for _, p := range c.Packages {
		line("  "+p.Name, p.Version, p.Synopsis)
	}
}

func libraries(c *rules.Description, line func(...string)) {
	if len(c.Libraries) > 0 {
		line("libraries", "in", "modules", "needs")
	}
	for _, l := range c.Libraries {
		line(row(l.Name, l.DescribedUnit)...)
	}
}

func executables(c *rules.Description, line func(...string)) {
	if len(c.Executables) > 0 {
		line("programs", "in", "modules", "needs")
	}
	for _, e := range c.Executables {
		var names []string
		for _, p := range e.Programs {
			n := p.Name
			if p.Public != "" && p.Public != n {
				n = p.Public + " (" + n + ")"
			}
			names = append(names, n)
		}
		line(row(strings.Join(names, ", "), e.DescribedUnit)...)
	}
}

func row(name string, u rules.DescribedUnit) []string {
	if u.Unavailable != "" {
		first, _, _ := strings.Cut(u.Unavailable, "\n")
		return []string{"  " + name, dirOf(u.Dir), "-", "cannot be had: " + first}
	}
	needs := strings.Join(u.Requires, " ")
	if len(u.Ppx) > 0 {
		needs += " (ppx: " + strings.Join(u.Ppx, " ") + ")"
	}
	return []string{"  " + name, dirOf(u.Dir), fmt.Sprint(len(u.Modules)), strings.TrimSpace(needs)}
}
