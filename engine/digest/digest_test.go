package digest

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func TestKnownDigest(t *testing.T) {
	// FIPS 180-2, appendix B.1.
	const want = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
	d, n, err := OfReader(iotest.OneByteReader(strings.NewReader("abc")))
	if err != nil || n != 3 {
		t.Fatal(n, err)
	}
	h := New()
	io.WriteString(h, "abc")
	for _, got := range []Digest{d, Of([]byte("abc")), OfString("abc"), Sum(h)} {
		if got.String() != want || got.Short() != want[:12] {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if p, err := Parse(want); err != nil || p != d {
		t.Errorf("parsed %s, %v", p, err)
	}
}

func TestParseRefuses(t *testing.T) {
	for _, s := range []string{"", "ab", strings.Repeat("g", 64), strings.Repeat("a", 63), strings.Repeat("a", 65)} {
		if d, err := Parse(s); err == nil || !d.IsZero() {
			t.Errorf("Parse(%q) = %s, %v", s, d, err)
		}
	}
}

func TestReaderFails(t *testing.T) {
	boom := errors.New("boom")
	if d, _, err := OfReader(iotest.ErrReader(boom)); err != boom || !d.IsZero() {
		t.Errorf("got %s, %v", d, err)
	}
}
