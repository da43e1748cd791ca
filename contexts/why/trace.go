package why

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/engine/trace"
)

// element explains how a named value came to be what it is.
func (x *explainer) element(el *trace.Element) *Node {
	n := &Node{Kind: Element, Name: el.Address, Site: el.Site, New: shown(el.Value, el.Sensitive)}
	if el.Previous != "" {
		n.Old, n.Build = shown(el.Previous, el.Sensitive), el.Changed
	}
	if x.again(n, "element:"+el.Address) {
		return n
	}
	own, output := x.ownAction(el)
	changes := slices.Clone(el.Why)
	if el.Previous == "" {
		// It never changed: say what it is made from.
		for _, d := range el.Deps {
			kind, name, _ := strings.Cut(d, ":")
			changes = append(changes, trace.Change{What: kind, Name: name})
		}
	}
	// The action first: it tells of the values that it was told.
	slices.SortStableFunc(changes, func(a, b trace.Change) int {
		return cmp.Or(strings.Compare(a.What, b.What), strings.Compare(a.Name, b.Name))
	})
	var files []*Node
	for _, c := range changes {
		switch c.What {
		case "action":
			if a := x.makers[c.Name]; a != nil && a == own {
				n.Below = append(n.Below, x.made(a, el.Changed))
			}
		case "element":
			if from := x.State.Elements()[c.Name]; from != nil && from.Value != "" && !(len(n.Below) > 0 && x.seen["element:"+c.Name]) {
				n.Below = append(n.Below, x.element(from))
			}
		case "file":
			if el.Previous != "" {
				files = append(files, &Node{Kind: File, Name: c.Name, Text: edited(c.Old, c.New)})
			}
		}
	}
	switch {
	case len(n.Below) > 0:
	case output && own != nil:
		n.Below = []*Node{x.made(own, el.Changed)}
	default:
		n.Below = files
	}
	return n
}

// ownAction is the action whose answer an output is.
func (x *explainer) ownAction(el *trace.Element) (a *trace.Action, output bool) {
	b, err := addr.Parse(el.Address)
	if err != nil {
		return nil, false
	}
	e, ok := b.(addr.Element)
	if !ok || e.Kind != addr.KindOutput {
		return nil, false
	}
	for _, a := range x.targets[e.Context.String()+"//:output."+e.Name] {
		return a, true
	}
	// An output that is read from a file which is built.
	for _, d := range slices.Backward(el.Deps) {
		if p, ok := strings.CutPrefix(d, "action:"); ok && x.makers[p] != nil && x.makers[p].Target != "" {
			return x.makers[p], true
		}
	}
	return nil, true
}

// made explains why an action ran when what it makes changed in the build
// rev. Where that has changed again since, only the last time is known.
func (x *explainer) made(a *trace.Action, rev uint32) *Node {
	n := x.action(a, a.Causes(), a.Changed)
	if a.Changed > rev && !n.Again {
		n.Text = strings.Replace(n.Text, "ran", fmt.Sprintf("ran again in build %d", a.Changed), 1)
	}
	return n
}

// lastRun explains why an action ran the last time.
func (x *explainer) lastRun(a *trace.Action) *Node {
	n := x.action(a, a.Why, a.Ran)
	n.Build = a.Ran
	if a.Failed {
		n.Text = strings.Replace(n.Text, "ran", "failed", 1)
	} else if a.Changed < a.Ran {
		n.Text += fmt.Sprintf("; what it makes is unchanged since build %d", a.Changed)
	}
	return n
}

func (x *explainer) action(a *trace.Action, changes []trace.Change, rev uint32) *Node {
	n := &Node{Kind: Action, Name: a.Name, Text: "ran"}
	if el := x.State.Elements()[a.Target]; el != nil {
		n.Site = el.Site
	}
	if x.again(n, "action:"+a.ID()) {
		return n
	}
	var reasons, inputs []string
	var old, new []string // arguments
	for _, c := range changes {
		switch c.What {
		case "first build":
			reasons = append(reasons, "first build")
		case "input":
			inputs = append(inputs, fmt.Sprintf("input %s  %s", c.Name, arrow(c.Old, c.New)))
			n.Below = x.add(n.Below, func() *Node { return x.input(c, rev) })
		case "argument":
			old, new = append(old, c.Old), append(new, c.New)
		case "environment":
			reasons = append(reasons, fmt.Sprintf("%s=%s → %s", c.Name, flat([]string{c.Old})[0], flat([]string{c.New})[0]))
		case "tool":
			reasons = append(reasons, fmt.Sprintf("another %s  %s", c.Name, arrow(c.Old, c.New)))
		case "output":
			reasons = append(reasons, "what it made was "+orMissing(c.New))
		case "directory", "stdin", "stdout", "depfile", "expected", "sandbox", "version":
			reasons = append(reasons, fmt.Sprintf("%s %s → %s", c.What, c.Old, c.New))
		default:
			reasons = append(reasons, c.What)
		}
	}
	if text := arguments(old, new); text != "" {
		reasons = append(reasons, text)
	}
	if len(inputs) > 1 {
		inputs = []string{fmt.Sprintf("%d inputs changed", len(inputs))}
	}
	if reasons = append(reasons, inputs...); len(reasons) > 0 {
		n.Text = "ran: " + strings.Join(brief(reasons), ", ")
	}
	if told := slices.ContainsFunc(changes, func(c trace.Change) bool { return c.What == "argument" || c.What == "environment" }); told {
		n.Below = append(n.Below, x.definition(a, rev, strings.Join(append(old, new...), " "))...)
	}
	if len(changes) > 0 && changes[0].What == "first build" {
		n.Below = append(n.Below, x.ingredients(a)...)
	}
	return n
}

// most is how many nodes there are below one another: more of them tell
// nothing new.
const most = 8

// add adds a node to those below another one, or counts it.
func (x *explainer) add(list []*Node, explain func() *Node) []*Node {
	if len(list) < most {
		return append(list, explain())
	}
	if len(list) == most {
		return append(list, &Node{Kind: Other, more: 1})
	}
	list[most].more++
	return list
}

// brief keeps an explanation of many reasons readable.
func brief(reasons []string) []string {
	const few = 3
	if len(reasons) <= few {
		return reasons
	}
	return append(reasons[:few:few], fmt.Sprintf("and %d more", len(reasons)-few))
}

// input explains a changed input: by what made it, or as a file that somebody
// changed.
func (x *explainer) input(c trace.Change, rev uint32) *Node {
	if a := x.makers[c.Name]; a != nil {
		return x.made(a, rev)
	}
	return &Node{Kind: File, Name: c.Name, Old: short(c.Old), New: short(c.New), Text: edited(c.Old, c.New)}
}

// definition explains why an action is another one than before: by the named
// values that its declaration reads and that changed with it, best those that
// show in what the arguments were and are; or else by the declaration itself.
func (x *explainer) definition(a *trace.Action, rev uint32, arguments string) []*Node {
	decl := x.State.Elements()[a.Target]
	if strings.Contains(a.Target, "//:output.") {
		// Of an output the value itself is the declaration.
		if t, name, ok := strings.Cut(a.Target, "//:output."); ok {
			if c, err := addr.ParseContext(t); err == nil {
				decl = x.State.Elements()[addr.Element{Context: c, Kind: addr.KindOutput, Name: name}.String()]
			}
		}
	}
	if decl == nil {
		return nil
	}
	var changed, shows []*trace.Element
	for _, d := range decl.Deps {
		name, ok := strings.CutPrefix(d, "element:")
		el := x.State.Elements()[name]
		if !ok || el == nil || el.Changed != rev || el.Previous == "" {
			continue
		}
		changed = append(changed, el)
		if showsIn(el, arguments) {
			shows = append(shows, el)
		}
	}
	if len(shows) > 0 {
		changed = shows
	}
	var out []*Node
	for _, el := range changed {
		out = append(out, x.element(el))
	}
	if len(out) > 0 {
		return out
	}
	file, _, _ := strings.Cut(decl.Site, ":")
	return []*Node{{Kind: File, Name: file, Site: decl.Site, Text: "edited"}}
}

// showsIn reports whether what is new in a value, or what was there before,
// occurs in a text.
func showsIn(el *trace.Element, text string) bool {
	old, new := scalars(el.Previous), scalars(el.Value)
	return slices.ContainsFunc(append(minus(old, new), minus(new, old)...), func(s string) bool { return strings.Contains(text, s) })
}

// scalars lists the strings, numbers and truth values in a value.
func scalars(text string) []string {
	var v any
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if d.Decode(&v) != nil {
		return nil
	}
	var out []string
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, e := range v {
				walk(e)
			}
		case map[string]any:
			for _, e := range v {
				walk(e)
			}
		case nil:
		default:
			out = append(out, fmt.Sprint(v))
		}
	}
	walk(v)
	return out
}

// ingredients are what an action was made from the first time: programs and
// generated files, as far as they lead somewhere.
func (x *explainer) ingredients(a *trace.Action) []*Node {
	var out []*Node
	var files []string
	for _, d := range a.Deps {
		if m := x.makers[d.Path]; m != nil && !d.Discovered {
			if !x.seen["action:"+m.ID()] {
				out = x.add(out, func() *Node { return x.made(m, m.Changed) })
			}
		} else if m == nil && !strings.HasPrefix(d.Path, "/") && !d.Digest.IsZero() && !d.Discovered {
			files = append(files, d.Path)
		}
	}
	for _, f := range files {
		out = x.add(out, func() *Node { return &Node{Kind: File, Name: f} })
	}
	return out
}

// source says of a file that people write what is known of it.
func (x *explainer) source(file string) *Node {
	n := &Node{Kind: File, Name: file}
	if f, ok := x.State.File(trace.FileKey{Path: file, Kind: trace.Content}); ok {
		n.New = short(f.Digest.String())
	}
	for _, p := range x.Planned {
		for _, c := range p.Why {
			if c.What == "input" && c.Name == file && c.Old != "" {
				n.Old, n.New, n.Text = short(c.Old), short(c.New), edited(c.Old, c.New)+" since it was built"
				return n
			}
		}
	}
	return n
}

// again reports whether a node was explained before, and marks it.
func (x *explainer) again(n *Node, id string) bool {
	n.Again = x.seen[id]
	x.seen[id] = true
	return n.Again
}

const absent = "absent"

func edited(old, new string) string {
	switch {
	case new == absent || strings.Trim(new, "0") == "":
		return "removed"
	case old == absent || old != "" && strings.Trim(old, "0") == "":
		return "new"
	}
	return "edited"
}

// shown is a value as people may see it.
func shown(json string, sensitive bool) string {
	if sensitive && json != "" {
		return "(sensitive)"
	}
	return json
}

// short shortens a digest in hexadecimal.
func short(d string) string {
	if strings.Trim(d, "0") == "" {
		return absent
	}
	if len(d) == 64 {
		return d[:6] + "…"
	}
	return d
}

func arrow(old, new string) string {
	if old == "" {
		return "added"
	}
	if new == "" {
		return "no longer read"
	}
	return short(old) + " → " + short(new)
}

func orMissing(s string) string {
	if s == "" {
		return "another"
	}
	return s
}

// arguments says how a command line differs: one argument more moves all
// that follow, so they are compared as two sets.
func arguments(old, new []string) string {
	gone := minus(old, new)
	come := minus(new, old)
	gone, come = brief(flat(gone)), brief(flat(come))
	what := "flags"
	if slices.ContainsFunc(slices.Concat(gone, come), func(a string) bool { return !strings.HasPrefix(a, "-") && !strings.HasPrefix(a, "and ") }) {
		what = "arguments"
	}
	switch {
	case len(gone)+len(come) == 0:
		return ""
	case len(gone) == 0:
		return what + " added: " + strings.Join(come, " ")
	case len(come) == 0:
		return what + " gone: " + strings.Join(gone, " ")
	}
	return what + " " + strings.Join(gone, " ") + " → " + strings.Join(come, " ")
}

// flat makes arguments fit on a line: scripts are arguments, too.
func flat(args []string) []string {
	const wide = 48
	out := make([]string, len(args))
	for i, a := range args {
		a = strings.Join(strings.FieldsFunc(a, unicode.IsControl), " ")
		if r := []rune(a); len(r) > wide {
			a = string(r[:wide-1]) + "…"
		}
		out[i] = a
	}
	return out
}

func minus(a, b []string) []string {
	count := map[string]int{}
	for _, s := range b {
		count[s]++
	}
	var out []string
	for _, s := range a {
		if count[s]--; count[s] < 0 && s != "" {
			out = append(out, s)
		}
	}
	return out
}
