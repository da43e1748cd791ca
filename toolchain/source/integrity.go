package source

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"hash"
	"slices"
	"strings"
)

// An Integrity names content by its digest, in the spelling of the W3C's
// Subresource Integrity: "sha512-" and the digest in base64. That is what npm
// writes into its lock files.
type Integrity string

// algorithms are those of the standard, the weakest first.
var algorithms = []struct {
	name string
	size int
	new  func() hash.Hash
}{
	{"sha256", sha256.Size, sha256.New},
	{"sha384", sha512.Size384, sha512.New384},
	{"sha512", sha512.Size, sha512.New},
}

// ParseIntegrity checks what a person wrote. Of several digests, separated by
// spaces, the strongest counts, as the standard has it.
func ParseIntegrity(text string) (Integrity, error) {
	best, rank := "", -1
	for _, word := range strings.Fields(text) {
		word, _, _ = strings.Cut(word, "?") // options, of which none is defined
		name, sum, ok := strings.Cut(word, "-")
		i := slices.IndexFunc(algorithms, func(a struct {
			name string
			size int
			new  func() hash.Hash
		}) bool {
			return a.name == name
		})
		switch {
		case !ok:
			return "", fmt.Errorf("%q is no integrity: it begins with the name of a digest and a dash, like \"sha512-…\"", word)
		case i < 0 && (name == "sha1" || name == "md5"):
			return "", fmt.Errorf("a digest by %s is too weak to name content; use sha512", name)
		case i < 0:
			return "", fmt.Errorf("there is no digest %q; there are sha512, sha384 and sha256", name)
		}
		b, err := base64.StdEncoding.DecodeString(sum)
		if err != nil || len(b) != algorithms[i].size {
			return "", fmt.Errorf("%q is no integrity: after \"%s-\" there must be %d bytes in base64", word, name, algorithms[i].size)
		}
		if i > rank {
			best, rank = name+"-"+sum, i
		}
	}
	if best == "" {
		return "", fmt.Errorf("the integrity is empty")
	}
	return Integrity(best), nil
}

// A Verifier is written the content that an integrity is to be held against.
type Verifier struct {
	hash.Hash
	name string
}

// Verifier returns one for the integrity's digest.
func (i Integrity) Verifier() *Verifier {
	name, _, _ := strings.Cut(string(i), "-")
	for _, a := range algorithms {
		if a.name == name {
			return &Verifier{a.new(), name}
		}
	}
	panic("source: an integrity that was not parsed: " + string(i))
}

// NewVerifier returns one that makes integrities.
func NewVerifier() *Verifier { return &Verifier{sha512.New(), "sha512"} }

// Integrity is that of what was written.
func (v *Verifier) Integrity() Integrity {
	return Integrity(v.name + "-" + base64.StdEncoding.EncodeToString(v.Sum(nil)))
}
