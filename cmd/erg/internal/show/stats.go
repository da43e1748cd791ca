package show

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"erg.build/erg/engine/stats"
)

// maxName is the widest that a name is in a table of figures.
const maxName = 64

// Stats writes figures for people. top is how many steps of the critical path
// are shown at most, 0 for all.
func Stats(w io.Writer, r *stats.Report, top int, colors bool) error {
	p := paint(colors)
	if r.Total.Actions == 0 && len(r.Builds) == 0 {
		_, err := io.WriteString(w, "Nothing has been built here yet.\n")
		return err
	}
	var b strings.Builder
	section := func(title, body string) {
		if body != "" {
			b.WriteString("\n" + p.in(bold, title) + "\n" + body)
		}
	}
	b.WriteString(p.in(bold, fmt.Sprintf("%s after build %d", plural(r.Total.Actions, "action"), r.Revision)) + "\n" + totals(r, p))
	if len(r.Critical.Steps) > 0 {
		section(fmt.Sprintf("Critical path: %s; all work takes %.1f times as long", took(time.Duration(r.Critical.Took)), r.Critical.Parallelism),
			criticalPath(r.Critical, top, p))
	}
	section("Slowest", actions(r.Slowest, "took", func(a stats.Action) string { return took(time.Duration(a.Took)) }, p))
	section("Most memory", actions(r.Memory, "peak", func(a stats.Action) string { return size(a.Peak) }, p))
	section("Largest outputs", outputs(r.Largest, p))
	if len(r.Builds) > 0 {
		last := r.Builds[0]
		section(fmt.Sprintf("Build %d: %s", last.Revision, oneLine(last.Goal)), lastBuild(last))
	}
	section("Last builds", history(r.Builds, p))
	_, err := io.WriteString(w, b.String())
	return err
}

// name shortens a name to what a table has room for.
func name(s string) string { return shorten(oneLine(s), maxName, "…") }

// totals has a line for each context, unless there is only one.
func totals(r *stats.Report, p paint) string {
	t := &table{align: "lrrrrrrr", head: true}
	t.row("", "actions", "distinct", "work", "sources", "", "outputs", "")
	row := func(label string, x stats.Totals) {
		t.row(label, fmt.Sprint(x.Actions), fmt.Sprint(x.Distinct), took(time.Duration(x.Work)),
			fmt.Sprint(x.Sources.Count), size(x.Sources.Bytes), fmt.Sprint(x.Outputs.Count), size(x.Outputs.Bytes))
	}
	if len(r.Contexts) > 1 {
		for _, c := range r.Contexts {
			row(cmp.Or(name(c.Context), "(none)"), c)
		}
	}
	row("all", r.Total)
	text := t.text(p)
	if r.Total.Failed > 0 {
		text += "  " + p.in(red, fmt.Sprintf("%s failed when last run", plural(r.Total.Failed, "action"))) + "\n"
	}
	return text
}

// criticalPath lists the steps, the shortest left out where there are many.
func criticalPath(c stats.Path, top int, p paint) string {
	shown := make([]bool, len(c.Steps))
	order := make([]int, len(c.Steps))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(c.Steps[b].Took, c.Steps[a].Took) })
	if top > 0 {
		order = order[:min(top, len(order))]
	}
	for _, i := range order {
		shown[i] = true
	}
	t := &table{align: "rrll", head: true}
	t.row("took", "until", "action", "contexts")
	left, sum := 0, time.Duration(0)
	skip := func() {
		if left > 0 {
			t.row(took(sum), "", fmt.Sprintf("… %s", plural(left, "step")), "")
		}
		left, sum = 0, 0
	}
	for i, s := range c.Steps {
		if !shown[i] {
			left, sum = left+1, sum+time.Duration(s.Took)
			continue
		}
		skip()
		t.row(took(time.Duration(s.Took)), took(time.Duration(s.Until)), name(s.Name), contextList(s.Contexts))
	}
	skip()
	return t.text(p)
}

func actions(list []stats.Action, what string, figure func(stats.Action) string, p paint) string {
	if len(list) == 0 {
		return ""
	}
	t := &table{align: "rll", head: true}
	t.row(what, "action", "contexts")
	for _, a := range list {
		t.row(figure(a), name(a.Name), contextList(a.Contexts))
	}
	return t.text(p)
}

func outputs(list []stats.Output, p paint) string {
	if len(list) == 0 {
		return ""
	}
	t := &table{align: "rll", head: true}
	t.row("size", "file", "action")
	for _, o := range list {
		t.row(size(o.Bytes), name(o.Path), name(o.Action))
	}
	return t.text(p)
}

// lastBuild tells in words what the last build did, and did without.
func lastBuild(b stats.Build) string {
	t := &table{align: "ll"}
	parts := []string{fmt.Sprintf("%d ran", b.Ran), fmt.Sprintf("%d restored", b.Restored), fmt.Sprintf("%d unchanged", b.Unchanged)}
	if b.Failed > 0 || b.Skipped > 0 {
		parts = append(parts, fmt.Sprintf("%d failed", b.Failed), fmt.Sprintf("%d could not run", b.Skipped))
	}
	t.row("done", strings.Join(parts, ", "))
	t.row("time", fmt.Sprintf("%s, of processes %s", took(time.Duration(b.Elapsed)), took(time.Duration(b.Work))))
	t.row("early cutoff saved", saving(b.Cutoff))
	t.row("the store saved", saving(b.Store))
	memory := "erg " + size(b.Own)
	if b.Peak > 0 {
		memory += ", the largest process " + size(b.Peak)
	}
	t.row("memory", memory)
	return t.text(false)
}

func saving(s stats.Saving) string {
	if s.Actions == 0 {
		return "nothing"
	}
	return fmt.Sprintf("%s, %s", plural(s.Actions, "action"), took(time.Duration(s.Took)))
}

// history has a line for each build, if there are several.
func history(list []stats.Build, p paint) string {
	if len(list) < 2 {
		return ""
	}
	t := &table{align: "rlrrrrrrrl", head: true}
	t.row("build", "ended", "ran", "restored", "unchanged", "failed", "time", "cut off", "from store", "goal")
	for _, b := range list {
		goal := name(b.Goal)
		if !b.OK {
			goal += " (not done)"
		}
		t.row(fmt.Sprint(b.Revision), b.Ended.Local().Format("2006-01-02 15:04"), fmt.Sprint(b.Ran), fmt.Sprint(b.Restored), fmt.Sprint(b.Unchanged), fmt.Sprint(b.Failed),
			took(time.Duration(b.Elapsed)), took(time.Duration(b.Cutoff.Took)), took(time.Duration(b.Store.Took)), goal)
	}
	return t.text(p)
}
