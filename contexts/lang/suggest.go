package lang

import (
	"strings"

	"github.com/agext/levenshtein"
)

// Suggest returns the candidate that name is most likely a misspelling of, or
// "" if none is close.
func Suggest(name string, candidates []string) string {
	best, bestDist := "", 3
	for _, c := range candidates {
		if c == name {
			continue
		}
		dist := distance(strings.ToLower(name), strings.ToLower(c))
		// When half of a short name differs, it is another name: "cc" is
		// no misspelling of "ld".
		if dist > 1 && dist*2 > len(name) || dist >= min(len(name), len(c)) {
			continue
		}
		if dist < bestDist {
			best, bestDist = c, dist
		}
	}
	return best
}

// distance is the Levenshtein distance, but 1 for two letters in the wrong
// order, the commonest slip of all.
func distance(a, b string) int {
	if len(a) == len(b) {
		for i := range len(a) - 1 {
			if a[i] != b[i] {
				if a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:] {
					return 1
				}
				break
			}
		}
	}
	return levenshtein.Distance(a, b, nil)
}
