package ninjacmd

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"erg.build/erg/engine/event"
)

// formatWords are what may stand behind a % in NINJA_STATUS.
const formatWords = "%strufocpPeEwW"

func checkFormat(format string) error {
	for i := 0; i < len(format); i++ {
		if format[i] != '%' {
			continue
		}
		i++
		if i == len(format) || !strings.ContainsRune(formatWords, rune(format[i])) {
			c := ""
			if i < len(format) {
				c = format[i : i+1]
			}
			return fmt.Errorf("unknown placeholder '%%%s' in $NINJA_STATUS", c)
		}
	}
	return nil
}

// prefix formats NINJA_STATUS.
func (st *status) prefix() string {
	return formatStatus(st.format, time.Now(), st.steps, st.ending, &st.pace)
}

// formatStatus formats NINJA_STATUS at one moment. Edges that are ending count
// as running.
func formatStatus(format string, now time.Time, n event.Steps, ending int, p *pace) string {
	var b strings.Builder
	elapsed := now.Sub(p.began)
	left, known := p.left(now, n)
	clockOf := func(d time.Duration) string { return clock(d, max(elapsed, left) >= time.Hour) }
	for i := 0; i < len(format); i++ {
		if format[i] != '%' {
			b.WriteByte(format[i])
			continue
		}
		i++
		switch c := format[i]; c {
		case '%':
			b.WriteByte('%')
		case 's':
			b.WriteString(strconv.Itoa(n.Started))
		case 't':
			b.WriteString(strconv.Itoa(n.Total))
		case 'r':
			b.WriteString(strconv.Itoa(n.Started - n.Finished + ending))
		case 'u':
			b.WriteString(strconv.Itoa(n.Total - n.Started))
		case 'f':
			b.WriteString(strconv.Itoa(n.Finished))
		case 'o':
			b.WriteString(rate(n.Finished, elapsed))
		case 'c':
			b.WriteString(p.rate())
		case 'p':
			fmt.Fprintf(&b, "%3d%%", 100*n.Finished/max(n.Total, 1))
		case 'P':
			part := 0.0
			if known && elapsed+left > 0 {
				part = float64(elapsed) / float64(elapsed+left)
			}
			fmt.Fprintf(&b, "%3d%%", int(100*part))
		case 'e':
			fmt.Fprintf(&b, "%.3f", elapsed.Seconds())
		case 'w':
			b.WriteString(clockOf(elapsed))
		case 'E', 'W':
			switch {
			case !known:
				b.WriteByte('?')
			case c == 'E':
				fmt.Fprintf(&b, "%.3f", left.Seconds())
			default:
				b.WriteString(clockOf(left))
			}
		}
	}
	return b.String()
}

// A pace is how fast a build goes.
type pace struct {
	began  time.Time
	window int         // how many edges the current rate is of
	recent []time.Time // when the last ones finished
	count  int         // how many had finished

	foreseen time.Duration // what was left, judged by former builds; 0 if they tell nothing
	at       time.Time     // when
}

func newPace(began time.Time, jobs int) pace { return pace{began: began, window: max(jobs, 1)} }

// finish notes that so many edges have finished now.
func (p *pace) finish(now time.Time, count int) {
	if count == p.count {
		return
	}
	p.count = count
	if len(p.recent) == p.window {
		p.recent = p.recent[1:]
	}
	p.recent = append(p.recent, now)
}

func (p *pace) foresee(now time.Time, left time.Duration) { p.foreseen, p.at = left, now }

// rate returns how many edges finish in a second now.
func (p *pace) rate() string {
	if len(p.recent) < 2 {
		return "?"
	}
	return rate(len(p.recent), p.recent[len(p.recent)-1].Sub(p.recent[0]))
}

// left returns how long the build will go on: as former builds tell, or else
// as long for each edge as it took for those that have finished. Before that
// it is not known.
func (p *pace) left(now time.Time, n event.Steps) (left time.Duration, known bool) {
	switch {
	case p.foreseen > 0:
		return max(p.foreseen-now.Sub(p.at), 0), true
	case n.Finished == 0:
		return 0, false
	}
	return now.Sub(p.began) * time.Duration(n.Total-n.Finished) / time.Duration(n.Finished), true
}

func rate(n int, d time.Duration) string {
	if n == 0 || d <= 0 {
		return "?"
	}
	return fmt.Sprintf("%.1f", float64(n)/d.Seconds())
}

// clock writes minutes and seconds, and hours if it is asked for them.
func clock(d time.Duration, hours bool) string {
	s := int(d.Seconds())
	if hours {
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%02d:%02d", s/60, s%60)
}
