package show

import (
	"fmt"
	"strings"
	"time"
)

// A table aligns columns.
type table struct {
	align string // a letter for each column: l or r
	rows  [][]string
	head  bool // the first row is a heading
}

func (t *table) row(cells ...string) { t.rows = append(t.rows, cells) }

// text lays the table out.
func (t *table) text(p paint) string {
	widths := make([]int, len(t.align))
	used := make([]bool, len(t.align)) // by more than a heading
	for n, r := range t.rows {
		for i, c := range r {
			widths[i] = max(widths[i], width(c))
			used[i] = used[i] || c != "" && (n > 0 || !t.head)
		}
	}
	var b strings.Builder
	for n, r := range t.rows {
		line := ""
		for i, c := range r {
			if !used[i] {
				continue
			}
			space := strings.Repeat(" ", widths[i]-width(c))
			if t.align[i] == 'r' {
				c = space + c
			} else {
				c += space
			}
			line += "  " + c
		}
		if line = strings.TrimRight(line, " "); n == 0 && t.head {
			line = p.in(dim, line)
		}
		b.WriteString(line + "\n")
	}
	return b.String()
}

// took formats a duration for people who compare them: 0.4 ms, 350 ms, 1.2 s,
// 2m05s.
func took(d time.Duration) string {
	switch {
	case d <= 0:
		return "0 s"
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000)
	case d < time.Second-500*time.Microsecond:
		return fmt.Sprintf("%d ms", d.Round(time.Millisecond).Milliseconds())
	case d < time.Minute-50*time.Millisecond:
		return fmt.Sprintf("%.1f s", d.Seconds())
	}
	return duration(d)
}

// size formats a size for people: 512 B, 1.2 kB, 34 MB.
func size(n int64) string {
	if n < 1000 {
		return fmt.Sprintf("%d B", max(n, 0))
	}
	v := float64(n)
	for _, unit := range []string{"kB", "MB", "GB", "TB"} {
		switch v /= 1000; {
		case v < 9.95:
			return fmt.Sprintf("%.1f %s", v, unit)
		case v < 999.5:
			return fmt.Sprintf("%.0f %s", v, unit)
		}
	}
	return fmt.Sprintf("%.0f PB", v/1000)
}
