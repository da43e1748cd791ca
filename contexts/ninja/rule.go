package ninja

import (
	"fmt"
	"slices"
	"strings"
)

// ruleStatement reads a rule. Its variables are cut into pieces and evaluated
// when an edge wants them.
func (p *parser) ruleStatement() error {
	start := p.last
	name := p.ident()
	at := p.last
	if name == nil {
		return p.errorLast("expected rule name")
	}
	if err := p.expect(tokNewline); err != nil {
		return err
	}
	g := p.g
	id := g.texts.intern(name)
	if _, ok := g.scopes[p.scope].rules[id]; ok {
		return p.errorAt(at, fmt.Sprintf("duplicate rule '%s'", name))
	}
	r := rule{name: id, let: uint32(len(g.lets)), file: p.fileID, line: p.lineAt(start)}
	for p.peek(tokIndent) {
		key, at, t, err := p.let()
		if err != nil {
			return err
		}
		key0, ok := g.texts.lookup(key)
		if !ok || key0 >= varIn {
			return p.errorAt(at, fmt.Sprintf("unexpected variable '%s'", key))
		}
		p.ruleLet(key0, t)
		r.nlet++
	}
	ruleID := uint32(len(g.rules))
	g.rules = append(g.rules, r)
	if p.has(ruleID, varRspfile) != p.has(ruleID, varRspfileContent) {
		return p.errorAt(at, "rspfile and rspfile_content need to be both specified")
	}
	if !p.has(ruleID, varCommand) {
		return hint(p.errorAt(at, "expected 'command =' line"), p.tabHint())
	}
	if s := &g.scopes[p.scope]; s.rules == nil {
		s.rules = map[uint32]uint32{}
	}
	g.scopes[p.scope].rules[id] = ruleID
	p.ruleName = nil
	if cycle := g.ruleCycle(ruleID); cycle != "" {
		p.suspects[ruleID] = fatal(p.errorAt(at, "cycle in rule variables: "+cycle))
	}
	return nil
}

// ruleLet keeps a variable of a rule.
func (p *parser) ruleLet(name uint32, t text) {
	g := p.g
	l := let{name: name, piece: uint32(len(g.pieces))}
	literal := p.buf[:0]
	flush := func() {
		if len(literal) > 0 {
			g.pieces = append(g.pieces, newRef(g.texts.intern(literal), false))
			literal = literal[:0]
		}
	}
	for raw := p.raw(t); len(raw) > 0; {
		var part piece
		part, raw = nextPiece(raw)
		if part.isVar {
			flush()
			g.pieces = append(g.pieces, newRef(g.texts.intern(part.bytes), true))
		} else {
			literal = append(literal, part.bytes...)
		}
	}
	flush()
	p.buf = literal
	l.npiece = uint32(len(g.pieces)) - l.piece
	g.lets = append(g.lets, l)
}

// has reports whether a rule says something about a variable. An empty value
// says nothing.
func (p *parser) has(r, name uint32) bool {
	l, ok := p.g.ruleLet(r, name)
	return ok && l.npiece > 0
}

// TopRules returns the rules that the main file and those that it includes
// declare, and phony, sorted by name.
func (g *Graph) TopRules() []Rule {
	var rules []Rule
	for _, r := range g.scopes[0].rules {
		rules = append(rules, Rule(r))
	}
	slices.SortFunc(rules, func(a, b Rule) int { return strings.Compare(g.RuleName(a), g.RuleName(b)) })
	return rules
}

// RuleText returns what a rule says about a variable as it is written there,
// but for escapes, and with braces around the names of variables.
func (g *Graph) RuleText(r Rule, variable string) (text string, ok bool) {
	name, ok := g.texts.lookup([]byte(variable))
	if !ok {
		return "", false
	}
	l, ok := g.ruleLet(uint32(r), name)
	if !ok {
		return "", false
	}
	var b strings.Builder
	for _, p := range g.pieces[l.piece : l.piece+l.npiece] {
		if p.isVar() {
			b.WriteString("${" + g.texts.text(p.id()) + "}")
		} else {
			b.WriteString(g.texts.text(p.id()))
		}
	}
	return b.String(), true
}

// ruleCycle returns a cycle among the variables of a rule, "" if there is none.
func (g *Graph) ruleCycle(r uint32) string {
	const visiting, done = 1, 2
	var state [numReserved]int
	var stack []uint32
	var visit func(name uint32) string
	visit = func(name uint32) string {
		if name >= varIn || state[name] == done {
			return ""
		}
		l, ok := g.ruleLet(r, name)
		if !ok {
			return ""
		}
		stack = append(stack, name)
		if state[name] == visiting {
			var names []string
			for _, n := range stack {
				if n == name || len(names) > 0 {
					names = append(names, reserved[n])
				}
			}
			return strings.Join(names, " -> ")
		}
		state[name] = visiting
		for _, p := range g.pieces[l.piece : l.piece+l.npiece] {
			if p.isVar() {
				if cycle := visit(p.id()); cycle != "" {
					return cycle
				}
			}
		}
		state[name] = done
		stack = stack[:len(stack)-1]
		return ""
	}
	for _, l := range g.lets[g.rules[r].let:][:g.rules[r].nlet] {
		if cycle := visit(l.name); cycle != "" {
			return cycle
		}
	}
	return ""
}

// finish checks what only the whole graph can tell.
func (b *builder) finish() (*Graph, error) {
	if len(b.suspects) == 0 {
		return b.g, nil
	}
	g := b.g
	for i := range g.edges {
		e := &g.edges[i]
		err := b.suspects[e.rule]
		if err == nil {
			continue
		}
		v := eval{g: g, edge: e}
		for _, l := range g.lets[g.rules[e.rule].let:][:g.rules[e.rule].nlet] {
			var ok bool
			if b.buf, ok = v.append(b.buf[:0], l.name); !ok {
				return nil, err
			}
		}
	}
	return g, nil
}
