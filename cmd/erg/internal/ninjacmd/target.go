package ninjacmd

import (
	"fmt"
	"slices"
	"strings"

	"github.com/agext/levenshtein"

	"erg.build/erg/contexts/ninja"
)

// didYouMean hints at the word that looks most like another one, with ", "
// before it, or at none.
func didYouMean(word string, known ...string) string {
	const most = 3 // as Ninja has it
	best, near := most+1, ""
	for _, k := range known {
		if d := levenshtein.Distance(word, k, nil); d < best {
			best, near = d, k
		}
	}
	if near == "" {
		return ""
	}
	return fmt.Sprintf(", did you mean '%s'?", near)
}

// target finds what somebody means by a target. Beyond what the graph knows of
// that, FILE^ may name a file that only a compiler was found to read.
func (c *command) target(g *ninja.Graph, arg string) (ninja.Node, error) {
	n, err := g.Target(arg)
	file, ok := strings.CutSuffix(arg, "^")
	if err == nil || !ok {
		return n, err
	}
	file = ninja.Canonical(file)
	st := c.recorded(g)
	for e := range g.Edges() {
		out := g.Outputs(e)[0]
		if slices.Contains(discovered(st.Action(g.Path(out))), file) {
			return out, nil
		}
	}
	return n, err
}
