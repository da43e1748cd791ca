package ninjacmd

import (
	"testing"
	"time"

	"erg.build/erg/engine/event"
)

func TestFormatStatus(t *testing.T) {
	began := time.Unix(1000, 0)
	after := func(d time.Duration) time.Time { return began.Add(d) }
	some := event.Steps{Started: 5, Finished: 4, Total: 10}
	for _, test := range []struct {
		name, format string
		now          time.Duration
		steps        event.Steps
		ending       int
		finished     []time.Duration
		foreseen     time.Duration // at the start
		want         string
	}{
		{name: "counts", format: "[%f/%t] %s %u %r %p %%", steps: some, want: "[4/10] 5 5 1  40% %"},
		{name: "ending", format: "%r", steps: some, ending: 1, want: "2"},
		{name: "nothing yet", format: "%p|%P|%o|%c|%E|%W|%e|%w", steps: event.Steps{Started: 1, Total: 2}, want: "  0%|  0%|?|?|?|?|0.000|00:00"},
		{name: "nothing at all", format: "%p", want: "  0%"},
		{name: "done", format: "%p %P %E", now: 2 * time.Second, steps: event.Steps{Started: 2, Finished: 2, Total: 2}, want: "100% 100% 0.000"},
		{name: "as before", format: "%e %w %E %W %P", now: 40 * time.Second, steps: some, want: "40.000 00:40 60.000 01:00  40%"},
		{name: "hours", format: "%w %W", now: time.Hour + 61*time.Second, steps: event.Steps{Finished: 5, Total: 10}, want: "1:01:01 1:01:01"},
		{name: "hours left", format: "%w %W", now: 10 * time.Minute, steps: event.Steps{Finished: 1, Total: 10}, want: "0:10:00 1:30:00"},
		{name: "as former builds took", format: "%E %P", now: 30 * time.Second, steps: some, foreseen: 120 * time.Second, want: "90.000  25%"},
		{name: "longer than they", format: "%E %P", now: 30 * time.Second, steps: some, foreseen: 20 * time.Second, want: "0.000 100%"},
		{name: "overall", format: "%o", now: 8 * time.Second, steps: some, want: "0.5"},
		{name: "current", format: "%c", now: time.Minute, steps: some, finished: []time.Duration{0, 58 * time.Second, 59 * time.Second, 60 * time.Second}, want: "1.5"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if err := checkFormat(test.format); err != nil {
				t.Fatal(err)
			}
			p := newPace(began, 3)
			for i, d := range test.finished {
				p.finish(after(d), i+1)
			}
			p.foresee(began, test.foreseen)
			if got := formatStatus(test.format, after(test.now), test.steps, test.ending, &p); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
	for _, format := range []string{"%", "%x", "a%", "%% % "} {
		if checkFormat(format) == nil {
			t.Errorf("%q is let pass", format)
		}
	}
}
