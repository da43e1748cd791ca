package show

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"erg.build/erg/engine/event"
)

// maxContexts is how many contexts a running action's line names.
const maxContexts = 3

// live is what the live lines show: how far the build is, and what runs.
type live struct {
	unicode bool
	running []event.ActionStarted
	now     event.Progress
	heardAt time.Duration // when now was reported
	failed  int
}

func (l *live) started(e event.ActionStarted) {
	e.Contexts = sorted(e.Contexts)
	l.running = append(l.running, e)
}

func (l *live) shared(e event.ActionShared) {
	for i := range l.running {
		if l.running[i].ID == e.ID {
			l.running[i].Contexts = addContext(l.running[i].Contexts, e.Context)
		}
	}
}

func (l *live) finished(e event.ActionFinished) {
	l.running = slices.DeleteFunc(l.running, func(s event.ActionStarted) bool { return s.ID == e.ID })
	l.now.Done++ // until the next Progress says so
	if e.Status == event.Failed {
		l.failed++
	}
}

func (l *live) progress(e event.Progress, now time.Duration) {
	l.now, l.heardAt = e, now
}

// list names what runs, the oldest first, with how long it has.
func (l *live) list(now time.Duration) string {
	shown := slices.Clone(l.running)
	slices.SortStableFunc(shown, func(a, b event.ActionStarted) int { return cmp.Compare(a.At, b.At) })
	var b strings.Builder
	for i, a := range shown {
		if i == maxContexts && len(shown) > i+1 {
			fmt.Fprintf(&b, ", and %d more", len(shown)-i)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(oneLine(a.Name) + " ")
		if list := contextList(a.Contexts); list != "" {
			b.WriteString(list + " ")
		}
		b.WriteString("for " + duration(now-a.At))
	}
	return b.String()
}

// A span is text in one style; a liveLine is spans side by side, never wider
// than the terminal.
type span struct {
	style style
	text  string
}

type liveLine []span

func (l liveLine) width() int {
	n := 0
	for _, s := range l {
		n += width(s.text)
	}
	return n
}

func (l liveLine) render(b *bytes.Buffer, p paint) {
	for _, s := range l {
		b.WriteString(p.in(s.style, s.text))
	}
}

func equalLines(a, b []liveLine) bool {
	return slices.EqualFunc(a, b, func(x, y liveLine) bool { return slices.Equal(x, y) })
}

// lines returns the live lines for a terminal of that size. They leave its
// last column and the cursor's row free.
func (l *live) lines(now time.Duration, columns, rows int) []liveLine {
	if l.now.Total == 0 && len(l.running) == 0 {
		return nil
	}
	room := columns - 1
	lines := []liveLine{l.bar(now, room)}
	shown := slices.Clone(l.running) // in order of starting
	slices.SortStableFunc(shown, func(a, b event.ActionStarted) int { return cmp.Compare(a.At, b.At) })
	more := 0
	if most := max(0, rows-2); len(shown) > most {
		most = max(0, most-1) // the oldest, and a line for the others
		more = len(shown) - most
		shown = shown[:most]
	}
	// Drawn by lane, a line stays where it is while its action runs.
	slices.SortStableFunc(shown, func(a, b event.ActionStarted) int { return cmp.Compare(a.Lane, b.Lane) })
	for _, a := range shown {
		lines = append(lines, l.action(a, now-a.At, room))
	}
	if more > 0 && rows > 2 {
		lines = append(lines, liveLine{{dim, prefix(fmt.Sprintf("  and %d more", more), room)}})
	}
	return lines
}

// action is the line of a running action. When it gets narrow, first the
// middle of the name goes, then the contexts, then the time.
func (l *live) action(a event.ActionStarted, elapsed time.Duration, room int) liveLine {
	const indent, least = "  ", 24
	name := oneLine(a.Name)
	contexts, took := "", ""
	if list := a.Contexts; len(list) > maxContexts {
		contexts = fmt.Sprintf("  (%s, +%d)", strings.Join(list[:maxContexts-1], ", "), len(list)-maxContexts+1)
	} else if len(list) > 0 {
		contexts = "  " + contextList(list)
	}
	if elapsed >= time.Second {
		took = "  " + duration(elapsed)
	}
	need := min(least, width(name))
	if len(indent)+need+width(contexts)+width(took) > room {
		contexts = ""
	}
	if len(indent)+need+width(took) > room {
		took = ""
	}
	name = shorten(name, max(0, room-len(indent)-width(contexts)-width(took)), l.ellipsis())
	return liveLine{{"", prefix(indent, room)}, {"", name}, {dim, contexts}, {cyan, took}}
}

// bar is the line of the whole build: a bar, counts, and the time left. What
// does not fit is left out, the contexts' counts first.
func (l *live) bar(now time.Duration, room int) liveLine {
	done, total := l.now.Done, max(l.now.Done, l.now.Total)
	line := liveLine{{bold, prefix(fmt.Sprintf("%d/%d", done, total), room)}}
	add := func(st style, text string, reserve int) bool {
		fits := line.width()+2+width(text)+reserve <= room
		if fits {
			line = append(line, span{"", "  "}, span{st, text})
		}
		return fits
	}
	if l.failed > 0 {
		add(red, fmt.Sprintf("%d failed", l.failed), 0)
	}
	if left := l.left(now); left > 0 {
		add(cyan, "~"+left.String()+" left", 0)
	}
	bar := min(20, room-line.width()-2)
	if bar >= 10 {
		line = append(append(l.drawBar(bar, done, total), span{"", "  "}), line...)
	}
	names := l.contexts()
	for i, name := range names {
		c, reserve := l.now.Contexts[name], len("  +99")
		if i == len(names)-1 {
			reserve = 0
		}
		if !add(dim, fmt.Sprintf("%s %d/%d", name, c.Done, c.Total), reserve) {
			add(dim, fmt.Sprintf("+%d", len(names)-i), 0)
			break
		}
	}
	return line
}

// left is the estimate of the time left, counted down since it was made, in
// whole seconds and never less than one; 0 when there is none.
func (l *live) left(now time.Duration) time.Duration {
	if l.now.Left == 0 {
		return 0
	}
	return max(time.Second, (l.now.Left - (now - l.heardAt)).Round(time.Second))
}

// contexts returns the contexts whose counts are worth showing, unfinished
// ones first: none when there is only one, whose counts are the build's.
func (l *live) contexts() []string {
	if len(l.now.Contexts) < 2 {
		return nil
	}
	finished := func(name string) int {
		if c := l.now.Contexts[name]; c.Done >= c.Total {
			return 1
		}
		return 0
	}
	names := slices.Sorted(maps.Keys(l.now.Contexts))
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(finished(a), finished(b)) })
	return names
}

// drawBar draws a progress bar of n cells, with half cells where possible.
func (l *live) drawBar(n, done, total int) liveLine {
	color := green
	if l.failed > 0 {
		color = red
	}
	if !l.unicode {
		full := (n - 2) * done / max(1, total)
		return liveLine{{"", "["}, {color, strings.Repeat("#", full)}, {dim, strings.Repeat(".", n-2-full)}, {"", "]"}}
	}
	halves := 2 * n * done / max(1, total)
	full, half := strings.Repeat("━", halves/2), ""
	rest := n - halves/2
	if halves%2 == 1 {
		half = "╸"
		rest--
	}
	return liveLine{{color, full + half}, {dim, strings.Repeat("─", rest)}}
}

func (l *live) ellipsis() string {
	if l.unicode {
		return "…"
	}
	return "..."
}
