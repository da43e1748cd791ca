package ninja

// Variables live in four places, and the order in which they are searched is
// Ninja's, down to its oddities:
//
//   - Paths, values of files and values of edges see what stands above them:
//     the edge's own variables (paths only) and then the scopes, from the inner one out.
//     They are evaluated when they are read.
//   - What a rule says is evaluated late, for one edge. There, $in, $in_newline and
//     $out come first, then the edge's own variables, then those of the rule, then
//     the scopes, with the values they have at the end.
//   - An edge without variables of its own is, to Ninja, one with the variables of
//     its file's scope. Hence that one scope, not those around it, comes before
//     the rule. A "description = x" at the top of a file beats that of all rules, for
//     the edges without variables. Generators have been tested against that order.

// The variables that rules may set, and the three that only an edge has. Their
// names are the first texts of a graph.
const (
	varCommand uint32 = iota
	varDepfile
	varDyndep
	varDescription
	varDeps
	varGenerator
	varPool
	varRestat
	varRspfile
	varRspfileContent
	varMSVCDepsPrefix
	varIn // from here on, rules may not set them
	varInNewline
	varOut
	numReserved
)

var reserved = [numReserved]string{
	"command", "depfile", "dyndep", "description", "deps", "generator", "pool",
	"restat", "rspfile", "rspfile_content", "msvc_deps_prefix",
	"in", "in_newline", "out",
}

// A scope holds the variables and the rules of a file and of those that it
// includes with "include".
type scope struct {
	parent uint32 // noScope for the outermost one
	vars   map[uint32]uint32
	rules  map[uint32]uint32 // name → rule
}

const noScope = ^uint32(0)

// A rule is a name and a few lets.
type rule struct {
	name       uint32
	let, nlet  uint32 // Graph.lets[let : let+nlet]
	file, line uint32
}

// A let is a variable of a rule, not evaluated yet.
type let struct {
	name          uint32
	piece, npiece uint32 // Graph.pieces[piece : piece+npiece]
}

// A ref is a part of a let: the number of a text, shifted by one, that is the
// name of a variable if the lowest bit is set.
type ref uint64

func newRef(id uint32, isVar bool) ref {
	r := ref(id) << 1
	if isVar {
		r |= 1
	}
	return r
}

func (r ref) isVar() bool { return r&1 != 0 }

func (r ref) id() uint32 { return uint32(r >> 1) }

// An eval evaluates what belongs to one edge.
type eval struct {
	g     *Graph
	edge  *edge
	plain bool // $in and $out are not quoted
	depth int  // of variables of rules within each other
}

// maxDepth is where a chain of variables of a rule must be a cycle.
const maxDepth = 2 * int(numReserved)

// isScoped reports whether any scope has the variable: for most names of most
// lookups none has.
func (g *Graph) isScoped(name uint32) bool { return int(name) < len(g.scoped) && g.scoped[name] }

// scopeVar returns the value of a variable in a scope or one around it.
func (g *Graph) scopeVar(s, name uint32) (value uint32, ok bool) {
	if !g.isScoped(name) {
		return 0, false
	}
	for ; s != noScope; s = g.scopes[s].parent {
		if v, ok := g.scopes[s].vars[name]; ok {
			return v, true
		}
	}
	return 0, false
}

// ownVar returns the value that the edge itself gives to a variable.
func (g *Graph) ownVar(e *edge, name uint32) (value uint32, ok bool) {
	own := g.binds[e.bind : e.bind+e.nind]
	for i := len(own) - 1; i >= 0; i-- {
		if own[i].name == name {
			return own[i].value, true
		}
	}
	return 0, false
}

// pathVar returns the value of a variable in a path of an edge.
func (g *Graph) pathVar(e *edge, name uint32) (value uint32, ok bool) {
	if v, ok := g.ownVar(e, name); ok {
		return v, true
	}
	return g.scopeVar(e.scope, name)
}

// ruleLet returns what a rule says about a variable.
func (g *Graph) ruleLet(r, name uint32) (*let, bool) {
	lets := g.lets[g.rules[r].let:][:g.rules[r].nlet]
	for i := len(lets) - 1; i >= 0; i-- {
		if lets[i].name == name {
			return &lets[i], true
		}
	}
	return nil, false
}

// append appends the value of a variable, as the edge's rule sees it. It
// reports false in a cycle.
func (v *eval) append(dst []byte, name uint32) ([]byte, bool) {
	g, e := v.g, v.edge
	switch name {
	case varIn:
		return v.appendPaths(dst, explicitIn, ' '), true
	case varInNewline:
		return v.appendPaths(dst, explicitIn, '\n'), true
	case varOut:
		return v.appendPaths(dst, explicitOut, ' '), true
	}
	outer := e.scope
	if e.nind > 0 {
		if value, ok := g.ownVar(e, name); ok {
			return append(dst, g.texts.textBytes(value)...), true
		}
	} else {
		if g.isScoped(name) {
			if value, ok := g.scopes[outer].vars[name]; ok {
				return append(dst, g.texts.textBytes(value)...), true
			}
		}
		outer = g.scopes[outer].parent
	}
	if l, ok := g.ruleLet(e.rule, name); ok {
		return v.appendLet(dst, l)
	}
	if value, ok := g.scopeVar(outer, name); ok {
		dst = append(dst, g.texts.textBytes(value)...)
	}
	return dst, true
}

// appendLet appends the value of a variable of a rule.
func (v *eval) appendLet(dst []byte, l *let) ([]byte, bool) {
	if v.depth >= maxDepth {
		return dst, false
	}
	v.depth++
	ok := true
	for _, r := range v.g.pieces[l.piece : l.piece+l.npiece] {
		if !r.isVar() {
			dst = append(dst, v.g.texts.textBytes(r.id())...)
		} else if dst, ok = v.append(dst, r.id()); !ok {
			break
		}
	}
	v.depth--
	return dst, ok
}

// appendPaths appends the paths of one kind of links.
func (v *eval) appendPaths(dst []byte, kind int, separator byte) []byte {
	for i, n := range v.g.links[v.edge.links[kind]:v.edge.links[kind+1]] {
		if i > 0 {
			dst = append(dst, separator)
		}
		if path := v.g.Path(n); v.plain {
			dst = append(dst, path...)
		} else {
			dst = appendQuoted(dst, path)
		}
	}
	return dst
}

// AppendBinding appends the value of a variable of an edge to dst: what the edge, its rule or a
// scope says. An undefined variable is empty.
func (g *Graph) AppendBinding(dst []byte, e Edge, name string) []byte {
	return g.appendVar(dst, e, name, false)
}

func (g *Graph) appendVar(dst []byte, e Edge, name string, plain bool) []byte {
	id, ok := g.texts.lookup([]byte(name))
	if !ok {
		return dst // nobody ever said that name
	}
	v := eval{g: g, edge: &g.edges[e], plain: plain}
	dst, _ = v.append(dst, id) // no cycles: the reader has seen to that
	return dst
}

// Binding returns the value of a variable of an edge: see AppendBinding. For a flag such as
// restat or generator, anything but "" means yes. The paths that $in and
// $out stand for are quoted for a shell.
func (g *Graph) Binding(e Edge, name string) string {
	return string(g.AppendBinding(nil, e, name))
}

// Command returns the command of an edge, "" if it is phony.
func (g *Graph) Command(e Edge) string { return string(g.AppendCommand(nil, e)) }

// AppendCommand appends the command of an edge to dst.
func (g *Graph) AppendCommand(dst []byte, e Edge) []byte {
	if g.IsPhony(e) {
		return dst
	}
	v := eval{g: g, edge: &g.edges[e]}
	dst, _ = v.append(dst, varCommand)
	return dst
}

// Depfile returns the path of the makefile fragment that the command of an edge
// writes, or "". In it, $in and $out are not quoted.
func (g *Graph) Depfile(e Edge) string { return string(g.appendVar(nil, e, "depfile", true)) }

// Rspfile returns the path of the file that is to hold rspfile_content while
// the command of an edge runs, or "". In it, $in and $out are not quoted.
func (g *Graph) Rspfile(e Edge) string { return string(g.appendVar(nil, e, "rspfile", true)) }

// Var returns the value of a variable of the outermost scope, builddir for
// instance, or "".
func (g *Graph) Var(name string) string {
	if id, ok := g.texts.lookup([]byte(name)); ok {
		if value, ok := g.scopeVar(0, id); ok {
			return g.texts.text(value)
		}
	}
	return ""
}
