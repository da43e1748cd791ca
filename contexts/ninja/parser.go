package ninja

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
)

// A Reader reads graphs.
type Reader struct {
	// Open returns the content of a file. The graph keeps none of it. Names
	// are passed as they are written, relative ones thus relative to the
	// directory where the build runs, not to the file that includes them.
	Open func(name string) ([]byte, error)

	// KeepPhonyCycles leaves a phony that names itself as an input as it is
	// written: a cycle. Otherwise that input is dropped, with a warning, because old CMakes write it.
	KeepPhonyCycles bool
}

// Read reads the file of that name, and those that it includes, with a Reader
// of default options. The error is an *Error.
func Read(name string, open func(name string) ([]byte, error)) (*Graph, error) {
	return (&Reader{Open: open}).Read(name)
}

// Read reads the file of that name, and those that it includes. The error is
// an *Error.
func (r *Reader) Read(name string) (*Graph, error) {
	data, err := r.Open(name)
	if err != nil {
		return nil, &Error{Msg: loadMessage(name, err), Err: err}
	}
	b := newBuilder(r)
	p := b.parser(name, data, 0, 0)
	b.reserve(data)
	if err := p.statements(); err != nil {
		return nil, err
	}
	return b.finish()
}

// loadMessage words an error of Open; a *fs.PathError would name the file again.
func loadMessage(name string, err error) string {
	pathErr, ok := errors.AsType[*fs.PathError](err)
	if ok {
		err = pathErr.Err
	}
	reason := err.Error()
	switch {
	case err == fs.ErrNotExist: // wrapped, it says more
		reason = "No such file or directory"
	case ok && reason != "":
		reason = strings.ToUpper(reason[:1]) + reason[1:] // as C spells it
	}
	return fmt.Sprintf("loading '%s': %s", name, reason)
}

// A builder is what the parsers of all files share.
type builder struct {
	*Reader
	g       *Graph
	pools   map[string]uint32
	fileIDs map[string]uint32
	// suspects are the rules whose variables name each other in a circle,
	// which only matters if the edge does not break it.
	suspects map[uint32]error

	list  []text // of the statement being read
	buf   []byte // a text that is being evaluated
	canon []byte // the same, canonical
}

func newBuilder(r *Reader) *builder {
	g := &Graph{
		paths:  newTable(),
		texts:  newTable(),
		scopes: []scope{{parent: noScope}},
		pools:  []pool{DefaultPool: {}, ConsolePool: {"console", 1}},
	}
	for _, name := range reserved {
		g.texts.intern([]byte(name))
	}
	phony := g.texts.intern([]byte("phony"))
	g.rules = []rule{Phony: {name: phony}}
	g.scopes[0].rules = map[uint32]uint32{phony: uint32(Phony)}
	return &builder{
		Reader:   r,
		g:        g,
		pools:    map[string]uint32{"": uint32(DefaultPool), "console": uint32(ConsolePool)},
		fileIDs:  map[string]uint32{},
		suspects: map[uint32]error{},
	}
}

// reserve makes room for the edges of a file.
func (b *builder) reserve(data []byte) {
	n := 1 + bytes.Count(data, []byte("\nbuild "))
	b.g.edges = slices.Grow(b.g.edges, n)
	b.g.paths.reserve(n)
	b.g.links = slices.Grow(b.g.links, 2*n)
	b.g.producer = slices.Grow(b.g.producer, n)
}

// A parser reads one file.
type parser struct {
	lexer
	*builder
	scope  uint32
	fileID uint32
	depth  int // of includes

	line    uint32 // of the offset counted
	counted int

	// The rule of the edge read last: neighbours often have the same.
	ruleName []byte
	rule     uint32
}

const (
	// maxIncludes bounds how deep includes nest, for those that never end.
	maxIncludes = 1000

	// maxText bounds the length of what variables expand to in a value, for files
	// that double one again and again.
	maxText = 1 << 24
)

func (b *builder) parser(name string, data []byte, scope uint32, depth int) *parser {
	id, ok := b.fileIDs[name]
	if !ok {
		id = uint32(len(b.g.files))
		b.fileIDs[name] = id
		b.g.files = append(b.g.files, name)
	}
	return &parser{
		lexer:   lexer{file: name, data: data},
		builder: b,
		scope:   scope,
		fileID:  id,
		depth:   depth,
		line:    1,
	}
}

// lineAt returns the line of an offset, which must not be before that of the
// last call.
func (p *parser) lineAt(at int) uint32 {
	p.line += uint32(bytes.Count(p.data[p.counted:at], []byte("\n")))
	p.counted = at
	return p.line
}

// statements reads the whole file.
func (p *parser) statements() error {
	for {
		var err error
		switch t := p.token(); t {
		case tokBuild:
			err = p.buildStatement()
		case tokRule:
			err = p.ruleStatement()
		case tokPool:
			err = p.poolStatement()
		case tokDefault:
			err = p.defaultStatement()
		case tokInclude, tokSubninja:
			err = p.includeStatement(t == tokSubninja)
		case tokIdent:
			p.unread()
			err = p.letStatement()
		case tokNewline:
		case tokEOF:
			return nil
		case tokError:
			err = p.errorLast(p.describe())
		default:
			err = p.errorLast("unexpected " + t.String())
		}
		if err != nil {
			return err
		}
		if p.g.paths.full || p.g.texts.full {
			return p.errorLast("more text than there is room for")
		}
	}
}

// let reads "name = value" up to the end of the line.
func (p *parser) let() (name []byte, at int, value text, err error) {
	name = p.ident()
	at = p.last
	if name == nil {
		return nil, at, value, p.errorLast("expected variable name")
	}
	if err := p.expect(tokEquals); err != nil {
		return nil, at, value, err
	}
	value, err = p.value()
	return name, at, value, err
}

// expand evaluates a text: e's own variables count if e is not nil. The
// result is valid until the next call.
func (p *parser) expand(t text, e *edge) []byte {
	raw := p.raw(t)
	if !t.dollar {
		return raw
	}
	dst := p.buf[:0]
	for len(raw) > 0 {
		var part piece
		part, raw = nextPiece(raw)
		if !part.isVar {
			dst = append(dst, part.bytes...)
			continue
		}
		name, ok := p.g.texts.lookup(part.bytes)
		if !ok {
			continue
		}
		var value uint32
		if e != nil {
			value, ok = p.g.pathVar(e, name)
		} else {
			value, ok = p.g.scopeVar(p.scope, name)
		}
		if ok {
			dst = append(dst, p.g.texts.textBytes(value)...)
		}
		if len(dst) > maxText {
			p.g.texts.full = true // for statements to find
			break
		}
	}
	p.buf = dst
	return dst
}

func (p *parser) letStatement() error {
	name, at, t, err := p.let()
	if err != nil {
		return err
	}
	value := p.expand(t, nil)
	if string(name) == "ninja_required_version" {
		if err := p.checkVersion(at, string(value)); err != nil {
			return err
		}
	}
	g := p.g
	id := g.texts.intern(name)
	if s := &g.scopes[p.scope]; s.vars == nil {
		s.vars = map[uint32]uint32{}
	}
	g.scopes[p.scope].vars[id] = g.texts.intern(value)
	if n := int(id) + 1; n > len(g.scoped) {
		g.scoped = append(g.scoped, make([]bool, n-len(g.scoped))...)
	}
	g.scoped[id] = true
	return nil
}

func (p *parser) warn(at int, msg string) {
	pos, _ := position(p.file, p.data, at)
	p.g.warnings = append(p.g.warnings, Warning{pos, msg})
}

// tabHint says why there may be no variables where some are expected.
func (p *parser) tabHint() string {
	if p.at(p.pos) == '\t' {
		return " (tabs are not allowed, use spaces)"
	}
	return ""
}

func (p *parser) poolStatement() error {
	name := string(p.ident())
	at := p.last
	if name == "" {
		return p.errorLast("expected pool name")
	}
	if err := p.expect(tokNewline); err != nil {
		return err
	}
	if _, ok := p.pools[name]; ok {
		return p.errorAt(at, fmt.Sprintf("duplicate pool '%s'", name))
	}
	depth := -1
	for p.peek(tokIndent) {
		key, at, t, err := p.let()
		if err != nil {
			return err
		}
		if string(key) != "depth" {
			return p.errorAt(at, fmt.Sprintf("unexpected variable '%s'", key))
		}
		depth, err = strconv.Atoi(strings.Trim(string(p.expand(t, nil)), " "))
		if err != nil || depth < 0 {
			return p.errorAt(t.start, "invalid pool depth")
		}
	}
	if depth < 0 {
		return hint(p.errorAt(at, "expected 'depth =' line"), p.tabHint())
	}
	p.pools[name] = uint32(len(p.g.pools))
	p.g.pools = append(p.g.pools, pool{name, depth})
	return nil
}

func (p *parser) defaultStatement() error {
	t, err := p.path()
	if err != nil {
		return err
	}
	if t.empty() {
		return p.errorLast("expected target name")
	}
	for !t.empty() {
		path, err := p.canonical(t, nil)
		if err != nil {
			return err
		}
		id, ok := p.g.paths.lookup(path)
		if !ok {
			return p.errorAt(t.start, fmt.Sprintf("unknown target '%s'", path))
		}
		p.g.defaults = append(p.g.defaults, Node(id))
		if t, err = p.path(); err != nil {
			return err
		}
	}
	return p.expect(tokNewline)
}

// canonical evaluates a path and makes it canonical. The result is valid until
// the next call.
func (p *parser) canonical(t text, e *edge) ([]byte, error) {
	path := p.expand(t, e)
	if len(path) == 0 {
		return nil, p.errorAt(t.start, "empty path")
	}
	if !isCanonical(path) {
		p.canon = appendCanonical(p.canon[:0], path)
		path = p.canon
	}
	return path, nil
}

func (p *parser) includeStatement(newScope bool) error {
	t, err := p.path()
	if err != nil {
		return err
	}
	name := string(p.expand(t, nil))
	switch {
	case t.empty():
		return p.errorLast("expected path")
	case name == "":
		return p.errorAt(t.start, "empty path")
	case p.depth >= maxIncludes:
		return p.errorAt(t.start, fmt.Sprintf("files include each other more than %d deep", maxIncludes))
	}
	data, err := p.Open(name)
	if err != nil {
		e := newError(p.file, p.data, t.start, p.last, loadMessage(name, err))
		e.Err = err
		return e
	}
	scopeID := p.scope
	if newScope {
		scopeID = uint32(len(p.g.scopes))
		p.g.scopes = append(p.g.scopes, scope{parent: p.scope})
	}
	p.reserve(data)
	if err := p.parser(name, data, scopeID, p.depth+1).statements(); err != nil {
		return err
	}
	p.ruleName = nil // the file may have added rules to this scope
	return p.expect(tokNewline)
}
