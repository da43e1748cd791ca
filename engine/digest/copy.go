package digest

import (
	"crypto/sha256"
	"errors"
	"io"
	"sync"
)

// Copy copies what r yields to w, and returns the digest of it and how many
// bytes that was. What is long is hashed meanwhile: that takes about as long as
// reading and writing it.
func Copy(w io.Writer, r io.Reader) (Digest, int64, error) {
	first := pieces.Get().(*piece)
	defer pieces.Put(first)
	k, err := io.ReadFull(r, first[:])
	if err == nil {
		return copyLong(w, first, r)
	}
	if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return Digest{}, int64(k), err
	}
	if err := writeAll(w, first[:k]); err != nil {
		return Digest{}, int64(k), err
	}
	return Of(first[:k]), int64(k), nil
}

// A piece is what is read, written and hashed at once.
type piece [256 << 10]byte

// ahead is how many pieces may have been read that are not hashed yet.
const ahead = 2

var pieces = sync.Pool{New: func() any { return new(piece) }}

// copyLong copies the first piece, and then what r yields.
func copyLong(w io.Writer, first *piece, r io.Reader) (Digest, int64, error) {
	type part struct {
		p *piece
		n int
	}
	free, full, sum := make(chan *piece, ahead), make(chan part, ahead), make(chan Digest)
	for range ahead {
		free <- pieces.Get().(*piece)
	}
	go func() {
		h := sha256.New()
		h.Write(first[:])
		for part := range full {
			h.Write(part.p[:part.n])
			free <- part.p
		}
		sum <- Sum(h)
	}()
	n, err := int64(len(first)), writeAll(w, first[:])
	for err == nil {
		p := <-free
		var k int
		var werr error
		k, err = r.Read(p[:])
		if k > 0 {
			werr = writeAll(w, p[:k])
		}
		n += int64(k)
		full <- part{p, k}
		if werr != nil {
			err = werr
		}
	}
	close(full)
	d := <-sum
	for range ahead {
		pieces.Put(<-free)
	}
	if err != io.EOF {
		return Digest{}, n, err
	}
	return d, n, nil
}

func writeAll(w io.Writer, b []byte) error {
	n, err := w.Write(b)
	if err == nil && n < len(b) {
		err = io.ErrShortWrite
	}
	return err
}
