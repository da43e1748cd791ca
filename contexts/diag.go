package contexts

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"sort"
	"strings"
	"sync"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/config"
	"erg.build/erg/engine"
	"erg.build/erg/engine/action"
	"erg.build/erg/toolchain"
)

// errReported says that what went wrong was told already: as a diagnostic,
// which has exactly one owner, or as the event of a failed action. Whoever
// depends on the failed element goes on with an unknown value, so that one
// run finds all errors.
var errReported = errors.New("an error was reported")

// A collector gathers diagnostics from all queries.
type collector struct {
	mu    sync.Mutex
	diags hcl.Diagnostics
}

// A notYet says, when planning, that something which is no value cannot be
// had before the build: a toolchain that a context builds. It is no error:
// what needs it is a group that the plan cannot list yet.
type notYet struct{ waits []string }

func (e *notYet) Error() string {
	return "it is known after the build of " + strings.Join(e.waits, ", ")
}

// passThrough marks diagnostics that stand for others which were reported
// where they belong, or for what is not known yet. try and can let them pass.
type passThrough struct{ later *notYet }

func (passThrough) BuildFailed() bool { return true }

// laterOf returns what the only errors among diagnostics wait for, nil if there
// are others or none.
func laterOf(diags hcl.Diagnostics) *notYet {
	var later *notYet
	for _, d := range diags {
		if d.Severity != hcl.DiagError {
			continue
		}
		pass, _ := d.Extra.(passThrough)
		if pass.later == nil {
			return nil
		}
		later = pass.later
	}
	return later
}

// reported is the diagnostic for a reference to a failed element.
func reported(rng hcl.Range) hcl.Diagnostics {
	return hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "A failed element", Subject: &rng, Extra: passThrough{}}}
}

// report takes diagnostics over. It returns errReported when they hold an
// error, passed through or new, and a *notYet when there is no worse.
func (ev *Evaluator) report(diags hcl.Diagnostics) error {
	var err error
	ev.diags.mu.Lock()
	defer ev.diags.mu.Unlock()
	for _, d := range diags {
		pass, ok := d.Extra.(passThrough)
		switch {
		case d.Severity != hcl.DiagError:
		case pass.later == nil:
			err = errReported
		case err == nil:
			err = pass.later
		}
		if ok || ev.diags.has(d) {
			continue
		}
		ev.diags.diags = append(ev.diags.diags, d)
	}
	return err
}

// has reports whether an equal diagnostic is there: a build file's mistake is
// found once in each context that has the directory.
func (c *collector) has(d *hcl.Diagnostic) bool {
	for _, o := range c.diags {
		if o.Summary == d.Summary && o.Detail == d.Detail && sameRange(o.Subject, d.Subject) {
			return true
		}
	}
	return false
}

func sameRange(a, b *hcl.Range) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

// Diagnostics returns what was found, in the order of the source.
func (ev *Evaluator) Diagnostics() hcl.Diagnostics {
	ev.diags.mu.Lock()
	defer ev.diags.mu.Unlock()
	out := together(longest(ev.diags.diags))
	sort.SliceStable(out, func(i, j int) bool {
		a, b := out[i].Subject, out[j].Subject
		if a == nil || b == nil {
			return a == nil && b != nil
		}
		if a.Filename != b.Filename {
			return a.Filename < b.Filename
		}
		if a.Start.Byte != b.Start.Byte {
			return a.Start.Byte < b.Start.Byte
		}
		return out[i].Summary+"\n"+out[i].Detail < out[j].Summary+"\n"+out[j].Detail // queries run in any order
	})
	return out
}

// HasErrors reports whether an error was found so far.
func (ev *Evaluator) HasErrors() bool {
	ev.diags.mu.Lock()
	defer ev.diags.mu.Unlock()
	return ev.diags.diags.HasErrors()
}

// WriteDiagnostics prints what was found, with source snippets.
func (ev *Evaluator) WriteDiagnostics(w io.Writer, color bool, width int) error {
	ev.mu.Lock()
	files := make(map[string]*hcl.File, len(ev.files))
	for n, f := range ev.files {
		files[n] = f
	}
	ev.mu.Unlock()
	return config.WriteDiagnostics(w, files, ev.Diagnostics(), color, width)
}

// errorAt makes one error diagnostic.
func errorAt(rng hcl.Range, summary, format string, args ...any) hcl.Diagnostics {
	return hcl.Diagnostics{{Severity: hcl.DiagError, Summary: summary, Detail: fmt.Sprintf(format, args...), Subject: &rng}}
}

// diagnose turns an error of a lower layer into diagnostics at rng, where
// the user asked for what failed. Errors that were reported pass through.
func (ev *Evaluator) diagnose(err error, rng hcl.Range, summary string) hcl.Diagnostics {
	var cycle *engine.CycleError
	var dup *engine.DuplicateOutputError
	var out *engine.OutputPathError
	var miss *toolchain.MissingError
	var probe *toolchain.ProbeError
	var target *toolchain.TargetError
	var later *notYet
	switch {
	case err == nil:
		return nil
	case errors.As(err, &later):
		return hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "Not known yet", Subject: &rng, Extra: passThrough{later}}}
	case errors.Is(err, errReported), errors.Is(err, engine.ErrFailed), isCancelled(err):
		return reported(rng)
	case errors.As(err, &cycle):
		return ev.cycle(cycle, rng)
	case errors.As(err, &dup):
		return ev.twice(dup, rng)
	case errors.As(err, &out):
		return errorAt(rng, "Output outside of the build directory", "%q leads out of the directory that this context's outputs belong to.", out.Path)
	case errors.As(err, &miss), errors.As(err, &probe), errors.As(err, &target):
		text := err.Error()
		if h := toolchain.Hint(err); h != "" {
			text += "\n" + h
		}
		return errorAt(rng, summary, "%s", text)
	}
	return errorAt(rng, summary, "%s", sentence(err.Error()))
}

// cycle is the diagnostic for a cycle: each link with the place that makes
// it. Whoever closes a cycle finds it, which is a matter of chance, so it
// begins with the least of its elements.
func (ev *Evaluator) cycle(c *engine.CycleError, rng hcl.Range) hcl.Diagnostics {
	links := make([]engine.Link, 0, len(c.Links))
	for _, l := range c.Links {
		l.From, l.To = cycleElement(l.From, l.FromKind), cycleElement(l.To, l.ToKind)
		if l.From != l.To { // else a query that is a part of the element's own
			links = append(links, l)
		}
	}
	if len(links) == 0 { // a package that is built with itself
		l := c.Links[len(c.Links)-1]
		l.To = l.From
		links = append(links, l)
	}
	least := 0
	for i, l := range links {
		if l.From < links[least].From {
			least = i
		}
	}
	links = append(links[least:], links[:least]...)
	var b strings.Builder
	libraries := !slices.ContainsFunc(c.Links, func(l engine.Link) bool { return l.FromKind != "library" })
	if libraries { // of dune files: as dune words it
		b.WriteString("Dependency cycle between:")
	} else {
		b.WriteString("These elements need each other:")
	}
	for i, l := range links {
		switch {
		case !libraries:
			fmt.Fprintf(&b, "\n  %s needs %s", l.From, l.To)
		case i == 0:
			fmt.Fprintf(&b, "\n   %s\n-> %s", libraryIn(l.From), libraryIn(l.To))
		default:
			fmt.Fprintf(&b, "\n-> %s", libraryIn(l.To))
		}
		if l.Site != "" {
			fmt.Fprintf(&b, ", at %s", l.Site)
		}
		if at, ok := ev.siteRange(l.Site); ok && (i == 0 || rng.Filename == "") {
			rng = at
		}
	}
	return errorAt(rng, "Cycle", "%s", b.String())
}

// twice is the diagnostic for two actions that make one file. Which of them
// came first is a matter of chance, so it is at the greater declaration.
func (ev *Evaluator) twice(dup *engine.DuplicateOutputError, rng hcl.Range) hcl.Diagnostics {
	a, b := dup.First.Target, dup.Second.Target
	if a > b {
		a, b = b, a
	}
	ev.mu.Lock()
	if at, ok := ev.headers[b]; ok {
		rng = at
	}
	ev.mu.Unlock()
	hint := ""
	if !action.IsOutput(dup.Path) {
		hint = " It lies among the sources, which all contexts share: build in one of them only, with enabled, or below _build, with dir."
	}
	return errorAt(rng, "Two declarations for one output", "%s is made by %s and by %s.%s", dup.Path, a, b, hint)
}

// cycleElement names a step of a cycle for people.
func cycleElement(label, kind string) string {
	switch kind {
	case "instances":
		return "context." + label + ".for_each"
	case "toolchain instances":
		return label + ".for_each"
	}
	return label
}

// at tells a task where it demands what it demands next, for cycles.
func (ev *Evaluator) at(t *engine.Task, rng hcl.Range) *engine.Task {
	s := site(rng)
	ev.mu.Lock()
	if old, ok := ev.sites[s]; !ok || rng.Start.Byte < old.Start.Byte {
		ev.sites[s] = rng
	}
	ev.mu.Unlock()
	return t.At(s)
}

func (ev *Evaluator) siteRange(site string) (hcl.Range, bool) {
	ev.mu.Lock()
	defer ev.mu.Unlock()
	rng, ok := ev.sites[site]
	return rng, ok
}

// sentence makes a sentence of a message. One that begins with the name of a
// file or an address goes on doing so.
func sentence(s string) string {
	if s == "" {
		return s
	}
	if first, _, _ := strings.Cut(s, " "); !strings.ContainsAny(strings.TrimRight(first, ".:"), "./") {
		s = strings.ToUpper(s[:1]) + s[1:]
	}
	if !strings.HasSuffix(s, ".") && !strings.Contains(s, "\n") {
		s += "."
	}
	return s
}

// site names a place for people and for the links of cycles.
func site(r hcl.Range) string { return fmt.Sprintf("%s:%d", r.Filename, r.Start.Line) }

// orDynamic guards against values that a failed query left empty.
func orDynamic(v cty.Value) cty.Value {
	if v == cty.NilVal {
		return cty.DynamicVal
	}
	return v
}

// article puts the indefinite article before a word.
func article(kind string) string {
	if strings.ContainsAny(kind[:1], "aeiou") {
		return "an " + kind
	}
	return "a " + kind
}

// libraryIn words the address of a dune library as dune does.
func libraryIn(address string) string {
	a, err := addr.Parse(address)
	t, ok := a.(addr.Target)
	if err != nil || !ok {
		return address
	}
	where := t.Dir
	if where == "" {
		where = "the top directory"
	}
	return fmt.Sprintf("library %q in %s", t.Name, where)
}
