package ninjacmd

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	ergshow "erg.build/erg/cmd/erg/internal/show"
	"erg.build/erg/contexts/ninja"
	"erg.build/erg/engine"
	"erg.build/erg/engine/stats"
	"erg.build/erg/engine/trace"
)

// figures tells, from the trace, what "erg stats" tells of a workspace. Edges
// that the build file has no more do not count.
func (r *toolRun) figures(args []string) int {
	set, rest, ok := r.getopt(statsUsage, args, option{'n', "top", true}, option{'j', "json", false})
	if !ok {
		return exitFailed
	}
	if len(rest) > 0 {
		return r.error("the stats tool takes no targets")
	}
	o := stats.Options{Top: 10, Goal: goalOf, Keep: func(a *trace.Action) bool {
		n, ok := r.g.Lookup(a.ID())
		return ok && r.g.Producer(n) != ninja.NoEdge
	}}
	if v, ok := set['n']; ok {
		n, err := strconv.Atoi(v)
		if err != nil || n < 0 {
			return r.error("--top: '%s' is no number of lines", v)
		}
		o.Top = n
	}
	report := stats.Of(r.state(), o)
	var err error
	if has(set, 'j') {
		err = report.JSON(r.out)
	} else {
		err = ergshow.Stats(r.out, report, o.Top, ergshow.UseColor(r.Stdout, ergshow.Auto, r.Getenv))
	}
	if err != nil {
		return r.error("%v", err)
	}
	return exitOK
}

// A goalName is what the key of a goal consists of.
type goalName struct {
	Command, File string
	Targets       []string
	PhonyCycleErr bool `json:",omitempty"`
	Mtime         bool `json:",omitempty"`
}

// goalOf words the key of a goal as a command line.
func goalOf(key string) string {
	var g goalName
	if json.Unmarshal([]byte(key), &g) != nil {
		return key
	}
	words := []string{g.Command}
	if g.File != defaultFile {
		words = append(words, "-f", g.File)
	}
	return strings.Join(append(words, g.Targets...), " ")
}

// printStats prints counts and times, as -d stats does.
func (b *builder) printStats(s *engine.Session) {
	r := s.Result()
	fmt.Fprintf(b.Stdout, "metric                  count   avg (us)        total (ms)\n")
	line := func(name string, count int, total time.Duration) {
		avg := 0.0
		if count > 0 {
			avg = float64(total.Microseconds()) / float64(count)
		}
		fmt.Fprintf(b.Stdout, "%-24s%-8d%-16.1f%.1f\n", name, count, avg, float64(total.Microseconds())/1000)
	}
	line(".ninja parse", len(b.graph.Files()), b.parsed)
	line("edges run", r.Ran, b.status.busy)
	line("edges restored", r.Restored, 0)
	line("edges unchanged", r.Unchanged, 0)
	line("saved by early cutoff", r.Cutoff.Actions, r.Cutoff.Took)
	line("saved by the store", r.Store.Actions, r.Store.Took)
	line("build", 1, r.Elapsed)
}
