package merlin

import (
	"bufio"
	"errors"
	"io"
	"strings"
	"testing"
)

func TestRead(t *testing.T) {
	for _, c := range []struct {
		in   string
		fail error
	}{
		{in: "4:Halt"},
		{in: "0:"},
		{in: "(4:File10:lib/a b.ml)"},
		{in: "(1:a()(1:b(1:c)))"},
		{in: "3:\x00()"},
		{in: "", fail: io.EOF},
		{in: "x", fail: errSyntax},
		{in: ")", fail: errSyntax},
		{in: "4x:Halt", fail: errSyntax},
		{in: "4:Ha", fail: io.ErrUnexpectedEOF},
		{in: "4", fail: io.ErrUnexpectedEOF},
		{in: "(4:File", fail: io.ErrUnexpectedEOF},
		{in: "99999999999999999999:x", fail: errSyntax},
		{in: strings.Repeat("(", 100000), fail: errSyntax},
	} {
		x, err := read(bufio.NewReader(strings.NewReader(c.in)))
		if !errors.Is(err, c.fail) {
			t.Errorf("%.40q: error %v, want %v", c.in, err, c.fail)
		}
		if c.fail == nil && string(x.append(nil)) != c.in {
			t.Errorf("%q is written as %q", c.in, x.append(nil))
		}
	}
}

// What is read is written as it was, and nothing panics.
func FuzzRead(f *testing.F) {
	f.Add([]byte("(4:File10:lib/a b.ml)4:Halt"))
	f.Add([]byte("((6:STDLIB1:/)())"))
	f.Fuzz(func(t *testing.T, in []byte) {
		x, err := read(bufio.NewReader(strings.NewReader(string(in))))
		if err != nil {
			return
		}
		again, err := read(bufio.NewReader(strings.NewReader(string(x.append(nil)))))
		if err != nil || string(again.append(nil)) != string(x.append(nil)) {
			t.Errorf("%q is read as %q, and that as %q (%v)", in, x.append(nil), again.append(nil), err)
		}
	})
}
