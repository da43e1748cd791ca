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
	seen   map[string]bool
	count  int
	added  map[ninja.Node][]ninja.Dyndep // read before the files are removed
	failed bool
}

func (r *toolRun) newCleaner() *cleaner {
	r.out.WriteString("Cleaning...")
	if r.verbosity == verbose || r.dryRun {
		r.out.WriteString("\n")
	} else {
		r.out.WriteString(" ")
	}
	c := &cleaner{toolRun: r, seen: map[string]bool{}, added: map[ninja.Node][]ninja.Dyndep{}}
	for e := range r.g.Edges() {
		f, ok := r.g.Dyndep(e)
		if _, read := c.added[f]; ok && !read {
			c.added[f] = nil
			c.added[f], _ = r.dyndeps(f) // one that is damaged or not there tells nothing
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
		c.say("Remove %s\n", p)
	case !errors.Is(err, fs.ErrNotExist):
		c.error("remove(%s): %s", p, reason(err))
		c.failed = true
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
	for _, d := range c.additions(e) {
		for _, o := range d.Outputs {
			c.remove(o)
		}
	}
	c.remove(c.g.Depfile(e))
	c.remove(c.g.Rspfile(e))
}

// additions returns what dyndep files say of an edge.
func (c *cleaner) additions(e ninja.Edge) (list []ninja.Dyndep) {
	if f, ok := c.g.Dyndep(e); ok {
		for _, d := range c.added[f] {
			if d.Edge == e {
				list = append(list, d)
			}
		}
	}
	return list
}

func (c *cleaner) done() int {
	fmt.Fprintf(c.out, "%d files.\n", c.count)
	if c.failed {
		return exitFailed
	}
	return exitOK
}

// clean removes all that is built, what targets need, or what rules make.
func (r *toolRun) clean(args []string) int {
	set, args, ok := r.getopt(cleanUsage, args, option{'g', "", false}, option{'r', "", false})
	switch {
	case !ok:
		return exitFailed
	case has(set, 'r') && len(args) == 0:
		return r.error("expected a rule to clean")
	}
	c := r.newCleaner()
	switch {
	case has(set, 'r'):
		c.rules(args)
	case len(args) > 0:
		c.targets(args)
	default:
		for e := range r.g.Edges() {
			if has(set, 'g') || r.g.Binding(e, "generator") == "" {
				c.edge(e)
			}
		}
	}
	return c.done()
}

// rules removes what edges with rules of some names make.
func (c *cleaner) rules(names []string) {
	known := map[string]bool{}
	for _, r := range c.g.TopRules() {
		known[c.g.RuleName(r)] = true
	}
	for _, name := range names {
		if !known[name] {
			c.failed = true
			c.error("unknown rule '%s'", name)
			continue
		}
		c.say("Rule %s\n", name)
		for e := range c.g.Edges() {
			if c.g.RuleName(c.g.Rule(e)) == name {
				c.edge(e)
			}
		}
	}
}

// targets removes targets and all that is made for them.
func (c *cleaner) targets(names []string) {
	for _, name := range names {
		n, ok := c.g.Lookup(name)
		if !ok {
			c.failed = true
			c.error("unknown target '%s'", ninja.Canonical(name))
			continue
		}
		c.say("Target %s\n", c.g.Path(n))
		c.chain(n, map[ninja.Edge]bool{})
	}
}

// chain removes what the edge of a file makes, then what it was made from.
func (c *cleaner) chain(n ninja.Node, seen map[ninja.Edge]bool) {
	e := c.g.Producer(n)
	if e == ninja.NoEdge || seen[e] {
		return
	}
	seen[e] = true
	c.edge(e)
	for _, in := range c.g.Inputs(e) {
		c.chain(in, seen)
	}
	for _, d := range c.additions(e) {
		for _, in := range d.Inputs {
			if n, ok := c.g.Lookup(in); ok {
				c.chain(n, seen)
			}
		}
	}
}

// say prints what only those want to know who ask for more.
func (c *cleaner) say(format string, args ...any) {
	if c.verbosity == verbose || c.dryRun {
		fmt.Fprintf(c.out, format, args...)
	}
}

// cleandead removes what former builds made and nothing mentions any more.
func (r *toolRun) cleandead([]string) int {
	c := r.newCleaner()
	added := map[string]bool{} // by dyndep files
	for _, list := range c.added {
		for _, d := range list {
			for _, p := range slices.Concat(d.Outputs, d.Inputs) {
				added[p] = true
			}
		}
	}
	var dead []string
	for a := range r.state().Actions() {
		if a.Phony() {
			continue
		}
		for _, o := range a.Outs {
			n, ok := r.g.Lookup(o.Path)
			if added[o.Path] {
				continue
			}
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
