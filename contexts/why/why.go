// Package why explains, from the trace of the builds so far, how something
// came to be as it is: what changed when it was built the last time, and what
// that change came from, across contexts, down to a file that somebody edited
// or a variable that somebody set.
//
// The trace keeps, with each action, why it ran and why it ran when what it
// makes last changed; and with each named value what of that which it was
// computed from had changed. An explanation follows these records: a setting
// changed because of an output, that because of the action which printed it,
// that because of the program it ran, and so on. Of what never changed it
// tells what it is made from.
//
// How to read it: Explain (here) finds what an address names, trace.go follows
// the records, now.go says what a build would do at present, text.go and
// json.go print.
package why

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"erg.build/erg/contexts"
	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/lang"
	"erg.build/erg/engine"
	"erg.build/erg/engine/trace"
)

// Input is what there is to explain from.
type Input struct {
	State *trace.State
	// What an evaluation found that ran nothing: nil, with the reason in
	// Unavailable, when there was none.
	Values      map[string]*contexts.Value
	Planned     []engine.PlannedAction
	Unavailable string
}

// An Explanation is the answer for one address.
type Explanation struct {
	Address string
	Roots   []*Node
	Now     *Now // nil when a build would not change anything
	// Users are what a source file goes into.
	Users []string
}

// A Kind says what a Node is.
type Kind string

const (
	Element Kind = "element" // a named value
	Action  Kind = "action"
	File    Kind = "file"   // a source
	Other   Kind = "reason" // anything else: a flag, a compiler, the command line
)

// A Node is a step of an explanation; what led to it is below it.
type Node struct {
	Kind     Kind
	Name     string
	Site     string
	Old, New string // values in JSON, or digests
	Text     string // what happened: "ran: input x", "edited"
	Build    uint32 // in which; 0 when that does not matter
	Below    []*Node
	Again    bool // it was explained before

	more int // it stands for so many that are not listed
}

// label is what to call a node.
func (n *Node) label() string {
	if n.more > 0 {
		return fmt.Sprintf("… and %d more", n.more)
	}
	return n.Name
}

// An UnknownError says that nothing is known of an address.
type UnknownError struct {
	Address string
	Close   string // what was perhaps meant
	Reason  string
}

func (e *UnknownError) Error() string {
	text := fmt.Sprintf("nothing is known of %s", e.Address)
	if e.Reason != "" {
		text += ": " + e.Reason
	}
	if e.Close != "" {
		text += fmt.Sprintf("; did you mean %s?", e.Close)
	}
	return text
}

// An explainer follows the records of one state.
type explainer struct {
	Input
	makers  map[string]*trace.Action // by output
	targets map[string][]*trace.Action
	actions []*trace.Action                  // all there are, by first output
	planned map[string]*engine.PlannedAction // by first output
	seen    map[string]bool
}

func newExplainer(in Input) *explainer {
	x := &explainer{Input: in, makers: map[string]*trace.Action{}, targets: map[string][]*trace.Action{},
		planned: map[string]*engine.PlannedAction{}, seen: map[string]bool{}}
	for a := range in.State.Actions() {
		x.actions = append(x.actions, a)
		for _, o := range a.Outs {
			x.makers[o.Path] = a
		}
		if a.Target != "" {
			x.targets[a.Target] = append(x.targets[a.Target], a)
		}
	}
	slices.SortFunc(x.actions, func(a, b *trace.Action) int { return strings.Compare(a.ID(), b.ID()) })
	for i := range in.Planned {
		x.planned[in.Planned[i].Output] = &in.Planned[i]
	}
	return x
}

// Explain answers for an address in any of the spellings of package addr, or
// for a source file. File is the argument as a path relative to the
// workspace, "" when it lies outside.
func Explain(in Input, address, file string) (*Explanation, error) {
	x := newExplainer(in)
	e := &Explanation{Address: address}
	if users := x.users(file); len(users) > 0 {
		e.Address, e.Users = file, users
		e.Roots = []*Node{x.source(file)}
		return e, nil
	}
	a, err := addr.Parse(address)
	if maker := x.makers[file]; err != nil && maker != nil {
		e.Roots = []*Node{x.lastRun(maker)}
		e.Now = x.now([]*trace.Action{maker}, nil)
		return e, nil
	}
	if err != nil {
		reason := parseReason(err)
		for _, k := range [...]trace.Kind{trace.Content, trace.Presence} {
			if f, ok := x.State.File(trace.FileKey{Path: file, Kind: k}); ok && !f.Stamp.Absent() {
				reason = "nothing that is built reads it"
			}
		}
		return nil, &UnknownError{Address: address, Reason: reason, Close: x.closest(address)}
	}
	elements, actions := x.find(a)
	if len(elements)+len(actions) == 0 {
		return x.unbuilt(e, a)
	}
	for _, el := range elements {
		e.Roots = append(e.Roots, x.element(el))
	}
	for _, act := range actions {
		e.Roots = append(e.Roots, x.lastRun(act))
	}
	e.Now = x.now(actions, elements)
	return e, nil
}

func parseReason(err error) string {
	_, text, ok := strings.Cut(err.Error(), ": ")
	if !ok {
		return err.Error()
	}
	return text
}

// unbuilt answers for what the trace does not know.
func (x *explainer) unbuilt(e *Explanation, a addr.Addr) (*Explanation, error) {
	if v := x.Values[a.String()]; v != nil {
		e.Roots = []*Node{{Kind: Element, Name: v.Address, Site: v.Site, New: shown(v.JSON, v.Sensitive), Text: "not built yet"}}
		return e, nil
	}
	var known []*engine.PlannedAction
	for i := range x.Planned {
		if p := &x.Planned[i]; names(a, p.Target, []string{p.Output}) {
			known = append(known, p)
		}
	}
	for _, p := range finalOf(known, func(p *engine.PlannedAction) (out, in []string) { return []string{p.Output}, p.After }) {
		e.Roots = append(e.Roots, &Node{Kind: Action, Name: p.Name, Text: "not built yet"})
	}
	if len(e.Roots) > 0 {
		return e, nil
	}
	return nil, &UnknownError{Address: e.Address, Reason: x.Unavailable, Close: x.closest(e.Address)}
}

// find returns the named values and the final actions that an address names.
func (x *explainer) find(a addr.Addr) (elements []*trace.Element, actions []*trace.Action) {
	switch b := a.(type) {
	case addr.Element:
		a = b.Whole()
	case addr.Public:
		a = b.Element()
	}
	if el := x.State.Elements()[a.String()]; el != nil && el.Value != "" {
		return []*trace.Element{el}, nil
	}
	for _, address := range sortedKeys(x.State.Elements()) {
		if el := x.State.Elements()[address]; el.Value != "" && contains(a, address) {
			elements = append(elements, el)
		}
	}
	if len(elements) > 0 {
		return elements, nil
	}
	for _, act := range x.actions {
		var outs []string
		for _, o := range act.Outs {
			outs = append(outs, o.Path)
		}
		if names(a, act.Target, outs) {
			actions = append(actions, act)
		}
	}
	return nil, finalOf(actions, func(a *trace.Action) (out, in []string) {
		for _, o := range a.Outs {
			out = append(out, o.Path)
		}
		for _, d := range a.Deps {
			in = append(in, d.Path)
		}
		return out, in
	})
}

// contains reports whether an address stands for several named values, and
// the one at address is among them.
func contains(a addr.Addr, address string) bool {
	b, err := addr.Parse(address)
	if err != nil {
		return false
	}
	el, ok := b.(addr.Element)
	if !ok {
		return false
	}
	switch a := a.(type) {
	case addr.Context:
		return sameContext(a, el.Context)
	case addr.Element:
		return sameContext(a.Context, el.Context) && a.Kind == el.Kind && (a.Name == "" || a.Name == el.Name)
	}
	return false
}

// sameContext reports whether a, which may stand for all instances or for all
// contexts, is c or has c among them.
func sameContext(a, c addr.Context) bool {
	return a.IsZero() || a == c || a.Name == c.Name && (a.IsAll() || a.Key == "")
}

// names reports whether an address names what has a target and outputs.
func names(a addr.Addr, target string, outs []string) bool {
	switch a := a.(type) {
	case addr.Artifact:
		return slices.Contains(outs, a.String())
	case addr.Element:
		return namesPublic(a, target, outs)
	case addr.Public:
		return namesPublic(a.Element(), target, outs)
	}
	t, ok := parseTarget(target)
	if !ok {
		return false
	}
	switch a := a.(type) {
	case addr.Context:
		return sameContext(a, t.Context)
	case addr.Directory:
		return sameContext(a.Context, t.Context) && a.Contains(t.Dir)
	case addr.Target:
		return sameContext(a.Context, t.Context) && a.Dir == t.Dir && a.Kind == t.Kind && a.Name == t.Name && (a.Key == "" || a.Key == t.Key)
	}
	return false
}

// namesPublic judges what other contexts see: programs and libraries have the
// names of their declarations, files those of their places.
func namesPublic(a addr.Element, target string, outs []string) bool {
	place := func(rel string) bool {
		return slices.Contains(outs, addr.Artifact{Context: a.Context, Path: rel}.String())
	}
	switch a.Kind {
	case addr.KindFile:
		return place(a.Name) || place(path.Join(".install", a.Name))
	case addr.KindShare:
		return place(path.Join(".install/share", a.Name))
	}
	block := map[addr.Kind]addr.BlockKind{addr.KindBin: addr.BlockExecutable, addr.KindLib: addr.BlockLibrary}[a.Kind]
	t, ok := parseTarget(target)
	if !ok || block == "" || t.Kind != block || !sameContext(a.Context, t.Context) {
		return false
	}
	name := t.Name
	if t.Key != "" {
		name += "@" + t.Key
	}
	return name == a.Name
}

func parseTarget(s string) (addr.Target, bool) {
	a, err := addr.Parse(s)
	if err != nil {
		return addr.Target{}, false
	}
	t, ok := a.(addr.Target)
	return t, ok
}

// finalOf drops from a list what others of it read.
func finalOf[T any](list []T, files func(T) (out, in []string)) []T {
	read := map[string]bool{}
	for _, a := range list {
		_, in := files(a)
		for _, p := range in {
			read[p] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(list), func(a T) bool {
		out, _ := files(a)
		return len(list) > 1 && slices.ContainsFunc(out, func(p string) bool { return read[p] })
	})
}

// users lists what a source file goes into: targets and named values.
func (x *explainer) users(file string) []string {
	if file == "" || strings.HasPrefix(file, addr.BuildDir+"/") {
		return nil
	}
	found := map[string]bool{}
	for _, a := range x.actions {
		if slices.ContainsFunc(a.Deps, func(d trace.Dep) bool { return d.Path == file && !d.Digest.IsZero() }) {
			found[a.Target] = true
		}
	}
	for _, p := range x.Planned {
		if slices.Contains(p.Inputs, file) {
			found[p.Target] = true
		}
	}
	for _, el := range x.State.Elements() {
		if el.Value != "" && slices.Contains(el.Deps, "file:"+file) {
			found[el.Address] = true
		}
	}
	return sortedKeys(found)
}

// closest returns the known address that is most like another.
func (x *explainer) closest(address string) string {
	var all []string
	all = append(all, sortedKeys(x.State.Elements())...)
	all = append(all, sortedKeys(x.Values)...)
	for _, t := range sortedKeys(x.targets) {
		all = append(all, t)
		if a, ok := parseTarget(t); ok {
			kind := map[addr.BlockKind]addr.Kind{addr.BlockExecutable: addr.KindBin, addr.BlockLibrary: addr.KindLib}[a.Kind]
			if kind != "" {
				all = append(all, addr.Public{Context: a.Context, Kind: kind, Name: a.Name}.String())
			}
			all = append(all, a.In(addr.Context{}).String())
		}
	}
	for f := range x.State.Files() {
		if !path.IsAbs(f.Path) {
			all = append(all, f.Path)
		}
	}
	slices.Sort(all)
	return lang.Suggest(address, slices.Compact(all))
}

func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
