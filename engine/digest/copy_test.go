package digest

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"
)

func TestCopy(t *testing.T) {
	const size = len(piece{})
	text := bytes.Repeat([]byte("0123456789abcde"), 5*size/15+1)
	for _, n := range []int{0, 1, size - 1, size, size + 1, 2 * size, 5*size - 7} {
		for name, r := range map[string]io.Reader{
			"whole":  bytes.NewReader(text[:n]),
			"halves": iotest.HalfReader(bytes.NewReader(text[:n])),
			"at end": iotest.DataErrReader(bytes.NewReader(text[:n])),
		} {
			var b bytes.Buffer
			d, k, err := Copy(&b, r)
			if err != nil || k != int64(n) || d != Of(text[:n]) || !bytes.Equal(b.Bytes(), text[:n]) {
				t.Errorf("%d bytes, %s: %s of %d, wrote %d, %v", n, name, d.Short(), k, b.Len(), err)
			}
		}
	}
}

// full is a writer that takes so many bytes.
type full struct {
	left int
	err  error
}

func (f *full) Write(b []byte) (int, error) {
	if len(b) > f.left {
		return f.left, f.err
	}
	f.left -= len(b)
	return len(b), nil
}

func TestCopyFails(t *testing.T) {
	const size = len(piece{})
	boom := errors.New("boom")
	for _, n := range []int{0, 1, size, 3*size + 1} {
		text := make([]byte, n)
		if d, _, err := Copy(io.Discard, io.MultiReader(bytes.NewReader(text), iotest.ErrReader(boom))); err != boom || !d.IsZero() {
			t.Errorf("reading fails after %d: %s, %v", n, d, err)
		}
		if n == 0 {
			continue
		}
		for want, w := range map[error]*full{boom: {n - 1, boom}, io.ErrShortWrite: {n - 1, nil}} {
			if d, _, err := Copy(w, bytes.NewReader(text)); err != want || !d.IsZero() {
				t.Errorf("writing ends before %d: %s, %v", n, d, err)
			}
		}
	}
}
