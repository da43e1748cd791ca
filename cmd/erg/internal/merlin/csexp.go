package merlin

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// A sexp is a canonical s-expression: a list, or an atom.
type sexp struct {
	list []sexp
	atom string
	leaf bool // it is an atom
}

func atom(s string) sexp        { return sexp{atom: s, leaf: true} }
func list(items ...sexp) sexp   { return sexp{list: items} }
func tag(t string, s sexp) sexp { return list(atom(t), s) }

func atoms(words []string) sexp {
	var l sexp
	for _, w := range words {
		l.list = append(l.list, atom(w))
	}
	return l
}

// append writes an s-expression: atoms with their length, "(4:File4:a.ml)".
func (x sexp) append(b []byte) []byte {
	if x.leaf {
		b = strconv.AppendInt(b, int64(len(x.atom)), 10)
		b = append(b, ':')
		return append(b, x.atom...)
	}
	b = append(b, '(')
	for _, i := range x.list {
		b = i.append(b)
	}
	return append(b, ')')
}

// What no question of an editor exceeds.
const (
	maxAtom  = 1 << 20
	maxDepth = 64
)

var errSyntax = errors.New("no canonical s-expression")

// read reads one s-expression. The error is io.EOF where there is none.
func read(r *bufio.Reader) (sexp, error) {
	c, err := r.ReadByte()
	if err != nil {
		return sexp{}, err
	}
	x, err := readRest(r, c, maxDepth)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return x, err
}

// readRest reads what begins with a byte.
func readRest(r *bufio.Reader, c byte, depth int) (sexp, error) {
	switch {
	case depth == 0:
		return sexp{}, errSyntax
	case c == '(':
		var x sexp
		for {
			c, err := r.ReadByte()
			if err != nil {
				return x, err
			}
			if c == ')' {
				return x, nil
			}
			i, err := readRest(r, c, depth-1)
			if err != nil {
				return x, err
			}
			x.list = append(x.list, i)
		}
	case c < '0' || c > '9':
		return sexp{}, fmt.Errorf("%w: %q", errSyntax, c)
	}
	n := 0
	for c != ':' {
		if c < '0' || c > '9' {
			return sexp{}, errSyntax
		}
		if n = n*10 + int(c-'0'); n > maxAtom {
			return sexp{}, errSyntax
		}
		var err error
		if c, err = r.ReadByte(); err != nil {
			return sexp{}, err
		}
	}
	text := make([]byte, n)
	_, err := io.ReadFull(r, text)
	return atom(string(text)), err
}
