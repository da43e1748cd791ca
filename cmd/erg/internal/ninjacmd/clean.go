package ninjacmd

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"erg.build/erg/contexts/ninja"
)

// A cleaner removes files and counts them.
type cleaner struct {
	*toolRun
	seen  map[string]bool
	count int
	added map[ninja.Node][]ninja.Dyndep // read before the files are removed
	err   error
}

func (r *toolRun) newCleaner() *cleaner {
	if r.verbosity != quiet {
		r.out.WriteString("Cleaning...")
		if r.verbosity == verbose || r.dryRun {
			r.out.WriteString("\n")
		} else {
			r.out.WriteString(" ")
		}
	}
	c := &cleaner{toolRun: r, seen: map[string]bool{}, added: map[ninja.Node][]ninja.Dyndep{}}
	for e := range r.g.Edges() {
		f, ok := r.g.Dyndep(e)
		if _, read := c.added[f]; ok && !read {
			c.added[f] = nil
			if b, err := os.ReadFile(c.path(r.g.Path(f))); err == nil {
				c.added[f], _ = r.g.ReadDyndep(f, b) // a damaged one tells nothing
			}
		}
	}
	return c
}

func (c *cleaner) remove(p string) {
	if p == "" || c.seen[p] {
		return
	}
	c.seen[p] = true
	var err error
	if c.dryRun {
		_, err = os.Lstat(c.path(p))
	} else {
		err = os.Remove(c.path(p))
	}
	switch {
	case err == nil:
		c.count++
		if c.verbosity == verbose || c.dryRun {
			fmt.Fprintf(c.out, "Remove %s\n", p)
		}
	case !errors.Is(err, fs.ErrNotExist):
		c.error("remove(%s): %s", p, reason(err))
		c.err = errRemove
	}
}

// edge removes what an edge makes.
func (c *cleaner) edge(e ninja.Edge) {
	if c.g.IsPhony(e) {
		return
	}
	for _, o := range c.g.Outputs(e) {
		c.remove(c.g.Path(o))
	}
	c.dyndep(e)
	c.remove(c.g.Depfile(e))
	c.remove(c.g.Rspfile(e))
}

// dyndep removes what a dyndep file says that an edge makes.
func (c *cleaner) dyndep(e ninja.Edge) {
	f, ok := c.g.Dyndep(e)
	if !ok {
		return
	}
	for _, d := range c.added[f] {
		if d.Edge == e {
			for _, o := range d.Outputs {
				c.remove(o)
			}
		}
	}
}

func (c *cleaner) done() int {
	if c.verbosity != quiet {
		fmt.Fprintf(c.out, "%d files.\n", c.count)
	}
	if c.err != nil {
		return exitFailed
	}
	return exitOK
}

// clean removes all that is built, what targets need, or what rules make.
func (r *toolRun) clean(args []string) int {
	set, args, err := flags(args, "gr")
	switch {
	case err != nil:
		return r.error("%v", err)
	case set['r'] && len(args) == 0:
		return r.error("expected a rule to clean")
	case set['r']:
		c := r.newCleaner()
		for e := range r.g.Edges() {
			if slices.Contains(args, r.g.RuleName(r.g.Rule(e))) {
				c.edge(e)
			}
		}
		return c.done()
	case len(args) > 0:
		nodes, err := r.nodes(args)
		if err != nil {
			return r.error("%v", err)
		}
		order, err := r.g.Order(nodes)
		if err != nil {
			return r.error("%v", err)
		}
		c := r.newCleaner()
		for _, e := range order {
			c.edge(e)
		}
		return c.done()
	}
	c := r.newCleaner()
	for e := range r.g.Edges() {
		if set['g'] || r.g.Binding(e, "generator") == "" {
			c.edge(e)
		}
	}
	return c.done()
}

// cleandead removes what former builds made and nothing mentions any more.
func (r *toolRun) cleandead([]string) int {
	c := r.newCleaner()
	var dead []string
	for a := range r.state().Actions() {
		for _, o := range a.Outs {
			n, ok := r.g.Lookup(o.Path)
			if !ok || r.g.Producer(n) == ninja.NoEdge && len(r.g.Consumers(n)) == 0 {
				dead = append(dead, strings.Clone(o.Path))
			}
		}
	}
	slices.Sort(dead)
	for _, p := range dead {
		c.remove(p)
	}
	return c.done()
}
