package show

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"erg.build/erg/engine/stats"
)

func TestTook(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second: "0 s", 0: "0 s", 42 * time.Microsecond: "0.0 ms", 420 * time.Microsecond: "0.4 ms", 9 * time.Millisecond: "9.0 ms",
		10 * time.Millisecond: "10 ms", 350400 * time.Microsecond: "350 ms", 999 * time.Millisecond: "999 ms", 999600 * time.Microsecond: "1.0 s",
		1230 * time.Millisecond: "1.2 s", 59960 * time.Millisecond: "1m00s", 125 * time.Second: "2m05s", 62 * time.Minute: "1h02m",
	} {
		if got := took(d); got != want {
			t.Errorf("%v: %s, want %s", d, got, want)
		}
	}
}

func TestSize(t *testing.T) {
	for n, want := range map[int64]string{
		-1: "0 B", 0: "0 B", 999: "999 B", 1000: "1.0 kB", 1234: "1.2 kB", 9949: "9.9 kB", 9950: "10 kB", 34_000_000: "34 MB",
		999_499: "999 kB", 999_500: "1.0 MB", 2e9: "2.0 GB", 5e12: "5.0 TB", 7e15: "7 PB",
	} {
		if got := size(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}

func statsText(t *testing.T, r *stats.Report, top int) string {
	t.Helper()
	var b strings.Builder
	if err := Stats(&b, r, top, false); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// sampleStats are those of two contexts, with a path of n steps.
func sampleStats(n int) *stats.Report {
	ms := func(n int) stats.Seconds { return stats.Seconds(time.Duration(n) * time.Millisecond) }
	r := &stats.Report{Revision: 12, Total: stats.Totals{Actions: 30, Distinct: 21, Failed: 1, Sources: stats.Files{Count: 9, Bytes: 12_345}, Outputs: stats.Files{Count: 40, Bytes: 1_234_567}, Work: ms(7300)}}
	r.Contexts = []stats.Totals{{Context: "", Actions: 2, Distinct: 2, Work: ms(10)}, {Context: "app", Actions: 28, Distinct: 19, Work: ms(7290)}}
	at := 0
	for i := range n {
		took := 100 * (1 + i%3)
		at += took
		a := stats.Action{Name: fmt.Sprintf("cc %d.c", i), Contexts: []string{"app", "lib"}, Took: ms(took), Peak: int64(i) * 1e6}
		r.Critical.Steps = append(r.Critical.Steps, stats.Step{Action: a, Until: ms(at)})
	}
	r.Critical.Took, r.Critical.Parallelism = ms(at), 3.25
	r.Slowest = []stats.Action{{Name: "link app", Contexts: []string{"app"}, Took: ms(2100)}, {Name: "probe\x1b[2J cc", Took: ms(5)}}
	r.Memory = []stats.Action{{Name: "link app", Contexts: []string{"app"}, Peak: 2_500_000_000}}
	r.Largest = []stats.Output{{Path: "_build/app/app", Bytes: 34_000_000, Action: "link app"}}
	r.Builds = []stats.Build{{Revision: 12, Goal: "erg build", Elapsed: ms(3210), OK: true, Ran: 3, Restored: 2, Unchanged: 16, Work: ms(5000),
		Cutoff: stats.Saving{Actions: 1, Took: ms(2100)}, Store: stats.Saving{Actions: 2, Took: ms(400)}, Peak: 2e9, Own: 21e6}}
	return r
}

func TestStats(t *testing.T) {
	want := `30 actions after build 12
          actions  distinct   work  sources         outputs
  (none)        2         2  10 ms        0    0 B        0     0 B
  app          28        19  7.3 s        0    0 B        0     0 B
  all          30        21  7.3 s        9  12 kB       40  1.2 MB
  1 action failed when last run

Critical path: 300 ms; all work takes 3.2 times as long
    took   until  action  contexts
  100 ms  100 ms  cc 0.c  (app, lib)
  200 ms  300 ms  cc 1.c  (app, lib)

Slowest
    took  action        contexts
   2.1 s  link app      (app)
  5.0 ms  probe [2J cc

Most memory
    peak  action    contexts
  2.5 GB  link app  (app)

Largest outputs
   size  file            action
  34 MB  _build/app/app  link app

Build 12: erg build
  done                3 ran, 2 restored, 16 unchanged
  time                3.2 s, of processes 5.0 s
  early cutoff saved  1 action, 2.1 s
  the store saved     2 actions, 400 ms
  memory              erg 21 MB, the largest process 2.0 GB
`
	if got := statsText(t, sampleStats(2), 10); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// Of a long path the longest steps are shown, where they stand.
func TestStatsLongPath(t *testing.T) {
	got := statsText(t, sampleStats(9), 3)
	want := `  300 ms          … 2 steps
  300 ms  600 ms  cc 2.c     (app, lib)
  300 ms          … 2 steps
  300 ms   1.2 s  cc 5.c     (app, lib)
  300 ms          … 2 steps
  300 ms   1.8 s  cc 8.c     (app, lib)
`
	if !strings.Contains(got, want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := statsText(t, sampleStats(9), 0); strings.Contains(got, "…") {
		t.Errorf("all was asked for:\n%s", got)
	}
}

func TestStatsHistory(t *testing.T) {
	r := sampleStats(1)
	r.Builds = append(r.Builds, stats.Build{Revision: 11, Goal: "erg test", Ran: 4, Failed: 1, Skipped: 2, Elapsed: stats.Seconds(time.Second)})
	got := statsText(t, r, 10)
	for _, line := range []string{"     12  ", "  erg build\n", "     11  ", "  erg test (not done)\n"} {
		if _, list, ok := strings.Cut(got, "\nLast builds\n"); !ok || !strings.Contains(list, line) {
			t.Errorf("no %q in\n%s", line, got)
		}
	}
	r.Builds = r.Builds[1:]
	if got := statsText(t, r, 10); !strings.Contains(got, "4 ran, 0 restored, 0 unchanged, 1 failed, 2 could not run\n") || strings.Contains(got, "Last builds") {
		t.Errorf("got\n%s", got)
	}
}

func TestStatsOfNothing(t *testing.T) {
	if got := statsText(t, &stats.Report{}, 10); got != "Nothing has been built here yet.\n" {
		t.Error(got)
	}
}
