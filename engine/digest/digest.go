// Package digest names content by its SHA-256, the digest that every Remote
// Execution server speaks.
//
// It knows bytes and nothing else: what a digest is a digest of (a file, an
// action's manifest, a query's value) is the business of the packages above.
package digest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"sync"
)

// Size is the length of a digest in bytes.
const Size = sha256.Size

// A Digest is the SHA-256 of some content. The zero Digest stands for
// "no content": an absent file, or content not hashed yet.
type Digest [Size]byte

// Of returns the digest of b.
func Of(b []byte) Digest { return sha256.Sum256(b) }

// OfString returns the digest of s.
func OfString(s string) Digest { return sha256.Sum256([]byte(s)) }

// OfReader returns the digest of all that r yields, and how many bytes that was.
func OfReader(r io.Reader) (Digest, int64, error) {
	h := sha256.New()
	buf := buffers.Get().(*[bufferSize]byte)
	defer buffers.Put(buf)
	// The wrapper keeps the reader from writing itself, which would allocate.
	n, err := io.CopyBuffer(struct{ io.Writer }{h}, struct{ io.Reader }{r}, buf[:])
	if err != nil {
		return Digest{}, n, err
	}
	return Sum(h), n, nil
}

const bufferSize = 64 << 10

// buffers are for reading: most files are small, and many.
var buffers = sync.Pool{New: func() any { return new([bufferSize]byte) }}

// New returns a hash whose Sum is a Digest.
func New() hash.Hash { return sha256.New() }

// Sum returns the digest that h has arrived at.
func Sum(h hash.Hash) Digest {
	var d Digest
	h.Sum(d[:0])
	return d
}

// Parse reads a digest as String prints it.
func Parse(s string) (Digest, error) {
	var d Digest
	if len(s) != 2*Size {
		return d, fmt.Errorf("digest %q: want %d hexadecimal digits", s, 2*Size)
	}
	if _, err := hex.Decode(d[:], []byte(s)); err != nil {
		return Digest{}, fmt.Errorf("digest %q: %w", s, err)
	}
	return d, nil
}

// String returns the digest as 64 lower-case hexadecimal digits.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// Short returns the first twelve hexadecimal digits, for people.
func (d Digest) Short() string { return hex.EncodeToString(d[:6]) }

// IsZero reports whether d stands for "no content".
func (d Digest) IsZero() bool { return d == Digest{} }
