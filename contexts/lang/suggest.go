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
		dist := levenshtein.Distance(strings.ToLower(name), strings.ToLower(c), nil)
		// A third of a short name is another name: "cc" is not "ld".
		if dist*2 > len(name) && dist > 1 || dist >= min(len(name), len(c)) {
			continue
		}
		if dist < bestDist {
			best, bestDist = c, dist
		}
	}
	return best
}
