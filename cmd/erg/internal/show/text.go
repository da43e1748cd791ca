package show

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// contextList formats the contexts of an action: "(app, v@wide)", or nothing
// when there are none.
func contextList(contexts []string) string {
	if len(contexts) == 0 {
		return ""
	}
	return "(" + strings.Join(contexts, ", ") + ")"
}

// addContext inserts name into a sorted list unless it is there.
func addContext(contexts []string, name string) []string {
	i, found := slices.BinarySearch(contexts, name)
	if found {
		return contexts
	}
	return slices.Insert(slices.Clone(contexts), i, name)
}

// sorted returns a sorted copy of a list, never nil: JSON shows [].
func sorted(contexts []string) []string {
	list := append([]string{}, contexts...)
	slices.Sort(list)
	return list
}

// duration formats a duration for people: 0.4s, 12.3s, 2m05s, 1h02m.
func duration(d time.Duration) string {
	switch {
	case d < 0:
		return "0.0s"
	case d < time.Minute-50*time.Millisecond:
		return fmt.Sprintf("%.1fs", d.Seconds())
	case d < time.Hour:
		d = d.Round(time.Second)
		return fmt.Sprintf("%dm%02ds", d/time.Minute, d%time.Minute/time.Second)
	}
	d = d.Round(time.Minute)
	return fmt.Sprintf("%dh%02dm", d/time.Hour, d%time.Hour/time.Minute)
}

// plural formats a count with its noun: "1 action", "3 actions".
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// firstLine returns the first line of an error's text that says something.
func firstLine(err error) string {
	if err == nil {
		return ""
	}
	for line := range strings.Lines(err.Error()) {
		if line = strings.TrimSpace(line); line != "" {
			return line
		}
	}
	return ""
}

// width returns how many terminal cells s takes. Each character counts as
// one, those of East Asian scripts and emoji as two, combining marks as none.
// The live lines leave room for the approximation.
func width(s string) int {
	n := 0
	for _, r := range s {
		n += runeWidth(r)
	}
	return n
}

func runeWidth(r rune) int {
	switch {
	case r < 0x20 || r == 0x7f:
		return 0
	case r < 0x300:
		return 1
	case r <= 0x36f, r >= 0x200b && r <= 0x200f, r >= 0xfe00 && r <= 0xfe0f:
		return 0 // combining marks, joiners, variation selectors
	case r >= 0x1100 && r <= 0x115f, // Hangul Jamo
		r >= 0x2e80 && r <= 0xa4cf, // CJK, kana, Yi
		r >= 0xac00 && r <= 0xd7a3, // Hangul
		r >= 0xf900 && r <= 0xfaff,
		r >= 0xfe30 && r <= 0xfe6f,
		r >= 0xff00 && r <= 0xff60,
		r >= 0x1f300 && r <= 0x1faff,
		r >= 0x20000 && r <= 0x3fffd:
		return 2
	}
	return 1
}

// shorten returns s in at most max cells. What does not fit is left out of
// the middle, since the beginning says what is done and the end to which file.
func shorten(s string, max int, ellipsis string) string {
	if width(s) <= max {
		return s
	}
	room := max - width(ellipsis)
	if room < 2 {
		return prefix(s, max)
	}
	head := prefix(s, room/3)
	return head + ellipsis + suffix(s, room-width(head))
}

// prefix returns the longest beginning of s that fits into max cells.
func prefix(s string, max int) string {
	n := 0
	for i, r := range s {
		if n += runeWidth(r); n > max {
			return s[:i]
		}
	}
	return s
}

// suffix returns the longest end of s that fits into max cells.
func suffix(s string, max int) string {
	n, i := 0, len(s)
	for i > 0 {
		r, size := utf8.DecodeLastRuneInString(s[:i])
		if n += runeWidth(r); n > max {
			break
		}
		i -= size
	}
	return s[i:]
}

// oneLine makes a name safe to show on a line of its own.
func oneLine(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 || r == 0x7f || r == utf8.RuneError }) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r == 0x7f {
			return ' '
		}
		return r
	}, s)
}
