package engine

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"erg.build/erg/engine/action"
	"erg.build/erg/engine/fsys"
	"erg.build/erg/engine/sandbox"
)

// maxShown is how much is shown of a file that takes what a program prints:
// its end, where programs say why they fail.
const maxShown = 64 << 10

// explainFailure adds what helps to understand a failed process.
func (s *Session) explainFailure(n *node, o *outcome) {
	if n.spec.Stdout != "" {
		if b, err := fsys.ReadFile(s.eng.fs, s.eng.abs(n.spec.Stdout)); err == nil {
			o.output = append(b[max(0, len(b)-maxShown):], o.output...)
		}
	}
	if n.spec.Sandbox && s.sandboxMethod() != sandbox.None {
		if hint := s.hiddenMention(n, string(o.output)+"\n"+o.err.Error()); hint != "" {
			o.err = fmt.Errorf("%w\n  hint: %s", o.err, hint)
		}
	}
}

// hiddenMention finds, in a message, the name of a file that the sandbox hides,
// and says so.
func (s *Session) hiddenMention(n *node, out string) string {
	words := strings.FieldsFunc(out, func(r rune) bool {
		return strings.ContainsRune(" \t\r\n'\"`:,;()[]<>‘’“”", r)
	})
	for _, w := range words {
		if len(w) < 2 || len(w) > 200 {
			continue
		}
		p := path.Join(n.spec.Dir, w)
		if path.IsAbs(w) {
			rel, below := strings.CutPrefix(path.Clean(w), s.eng.opts.Root+"/")
			if !below && s.hidesOutside(n, path.Clean(w)) {
				return w + " exists, but the sandbox shows nothing of " + sandbox.HiddenBy(w) + ", except for tools: programs along PATH, or named as such"
			}
			if !below {
				continue
			}
			p = rel
		}
		if strings.HasPrefix(p, "..") || action.IsOutput(p) ||
			slices.Contains(n.spec.Inputs, p) || slices.Contains(n.spec.Order, p) {
			continue
		}
		if fi, err := s.eng.fs.Stat(s.eng.abs(p)); err == nil && fi.Mode().IsRegular() {
			return p + " exists in the workspace but is not among its inputs, so the sandbox hides it"
		}
	}
	return ""
}
