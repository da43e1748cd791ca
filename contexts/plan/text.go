package plan

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/engine"
)

// Widths of the text, in characters.
const (
	textWidth  = 110
	valueWidth = 76
)

// A style is how a word stands out on a terminal.
type style string

const (
	bold   style = "1"
	dim    style = "2"
	green  style = "32"
	yellow style = "33"
	cyan   style = "36"
)

// A printer writes the text of a plan.
type printer struct {
	bytes.Buffer
	color bool
}

func (p *printer) in(st style, text string) string {
	if !p.color || text == "" {
		return text
	}
	return "\x1b[" + string(st) + "m" + text + "\x1b[0m"
}

// Text writes the plan for people.
func (p *Plan) Text(w io.Writer, color bool) error {
	out := &printer{color: color}
	if p.Summary.Nothing() {
		out.WriteString("Nothing to do")
		if p.Summary.Unchanged > 0 {
			fmt.Fprintf(out, ": %d unchanged", p.Summary.Unchanged)
		}
		out.WriteString("\n")
	} else {
		p.text(out)
	}
	_, err := w.Write(out.Bytes())
	return err
}

func (p *Plan) text(out *printer) {
	if len(p.Variables) > 0 {
		out.values(p.Variables, "")
		out.WriteByte('\n')
	}
	if p.Sources != nil {
		out.WriteString(out.in(bold, "sources") + "\n")
		out.values(p.Sources.Values, "  ")
		out.actions(p.Sources.Actions)
		out.WriteByte('\n')
	}
	for _, c := range p.Contexts {
		out.context(c)
		out.WriteByte('\n')
	}
	if len(p.Edited) > 0 {
		fmt.Fprintf(out, "Changed since they were built: %s\n\n", names(p.Edited, textWidth-31))
	}
	out.summary(p.Summary)
}

func (out *printer) summary(s Summary) {
	var parts []string
	add := func(n int, st style, what string) {
		if n > 0 {
			parts = append(parts, out.in(st, fmt.Sprintf("%d %s", n, what)))
		}
	}
	add(s.Run, green, "to run")
	add(s.MayRun, yellow, "that may run")
	add(s.Restore, cyan, "to restore")
	add(s.Unchanged, dim, "unchanged")
	add(s.Waiting, yellow, "waiting")
	fmt.Fprintf(out, "%s %s\n", out.in(bold, "Plan:"), strings.Join(parts, ", "))
}

// context prints one context.
func (out *printer) context(c *Context) {
	out.WriteString(out.in(bold, "context "+c.Context.String()))
	if c.Target != "" {
		out.WriteString("  " + c.Target)
	}
	if c.Host != c.Context && c.Host != (addr.Context{}) {
		out.WriteString("  " + out.in(dim, "host ") + c.Host.String())
	}
	out.WriteByte('\n')
	var tcs []string
	for _, t := range c.Toolchains {
		tcs = append(tcs, strings.TrimPrefix(t.Address.String(), "toolchain.")+" "+out.in(dim, "("+t.Version+")"))
	}
	if len(tcs) > 0 {
		fmt.Fprintf(out, "  %s\n", strings.Join(tcs, ", "))
	}
	out.values(c.Values, "  ")
	out.actions(c.Actions)
	for _, g := range c.Deferred {
		what := g.What
		if c.Description.Deferred {
			what = "all instances"
		}
		fmt.Fprintf(out, "  %s: after %s\n", what, strings.Join(g.Waits, ", "))
	}
}

// values prints a table.
func (out *printer) values(vs []Value, indent string) {
	wide := 0
	for _, v := range vs {
		wide = max(wide, utf8.RuneCountInString(v.Name))
	}
	for _, v := range vs {
		fmt.Fprintf(out, "%s%-*s  %s\n", indent, wide, v.Name, out.value(v))
	}
}

func (out *printer) value(v Value) string {
	text := cut(v.JSON, valueWidth)
	if v.Sensitive {
		text = "(sensitive)"
	}
	switch {
	case v.State == Unknown:
		return out.in(yellow, "(known after build)")
	case v.State == Predicted && v.Unchanged:
		return out.in(cyan, "(predicted)") + " " + text + out.in(dim, "  (inputs unchanged)")
	case v.State == Predicted:
		return out.in(yellow, "(predicted)") + " " + text + out.in(dim, "  (inputs changed)")
	case text == "":
		return out.in(dim, v.Type)
	}
	return text
}

// actions prints a line for each kind of action under each verdict, and how
// many others there are.
func (out *printer) actions(list []Action) {
	type group struct {
		verdict engine.Verdict
		kind    string
		names   []string
	}
	var groups []*group
	unchanged, with := 0, map[string]int{}
	var waits []string
	for _, a := range list {
		switch {
		case a.Verdict == engine.UpToDate:
			unchanged++
			continue
		case a.With != "" || a.Work == "":
			with[a.With]++
			continue
		}
		kind, name, _ := strings.Cut(a.Name, " ")
		i := slices.IndexFunc(groups, func(g *group) bool { return g.verdict == a.Verdict && g.kind == kind })
		if i < 0 {
			i = len(groups)
			groups = append(groups, &group{verdict: a.Verdict, kind: kind})
		}
		groups[i].names = append(groups[i].names, name)
		for _, w := range a.Waits {
			waits = append(waits, strings.TrimPrefix(w, "ctx."))
		}
	}
	slices.SortFunc(groups, func(a, b *group) int {
		return cmp.Or(slices.Index(verdicts, b.verdict)-slices.Index(verdicts, a.verdict), rank(a.kind)-rank(b.kind), strings.Compare(a.kind, b.kind))
	})
	last := engine.Verdict("")
	for _, g := range groups {
		label := ""
		if g.verdict != last {
			label, last = string(g.verdict), g.verdict
		}
		slices.Sort(g.names)
		fmt.Fprintf(out, "  %s%*s  %-9s %3d  %s\n", out.in(styleOf(g.verdict), label), 7-len(label), "", g.kind, len(g.names), names(g.names, textWidth-25))
	}
	slices.Sort(waits)
	if waits = slices.Compact(waits); len(waits) > 0 {
		fmt.Fprintf(out, "  %s\n", out.in(dim, "waits for "+names(waits, textWidth-12)))
	}
	out.others(unchanged, with)
}

// others says how many actions need no line.
func (out *printer) others(unchanged int, with map[string]int) {
	var rest []string
	if unchanged > 0 {
		rest = append(rest, fmt.Sprintf("%d unchanged", unchanged))
	}
	for _, c := range sorted(with) {
		if c == "" {
			rest = append(rest, fmt.Sprintf("%d to copy from an equal context", with[c]))
		} else {
			rest = append(rest, fmt.Sprintf("%d done once with %s", with[c], c))
		}
	}
	if len(rest) > 0 {
		fmt.Fprintf(out, "  %s\n", out.in(dim, strings.Join(rest, ", ")))
	}
}

// kinds are in the order in which builds come to them; others follow.
var kinds = []string{"fetch", "unpack", "pack", "lay", "ocamldep", "ocamlc", "ocamlopt", "cc", "cma", "cmxa", "ar", "link", "rule", "ninja", "output", "install", "test"}

func rank(kind string) int {
	if i := slices.Index(kinds, kind); i >= 0 {
		return i
	}
	return len(kinds)
}

func styleOf(v engine.Verdict) style {
	switch v {
	case engine.WouldRun:
		return green
	case engine.WouldRestore:
		return cyan
	}
	return yellow
}

// names lists as many names as fit, and how many more there are.
func names(list []string, width int) string {
	text := ""
	for i, n := range list {
		more := ""
		if left := len(list) - i - 1; left > 0 {
			more = fmt.Sprintf(", … and %d more", left)
		}
		next := n
		if text != "" {
			next = text + ", " + n
		}
		if i > 0 && utf8.RuneCountInString(next+more) > width {
			return text + fmt.Sprintf(", … and %d more", len(list)-i)
		}
		text = next
	}
	return text
}

// cut shortens a text to a number of characters.
func cut(s string, most int) string {
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most-1]) + "…"
}
