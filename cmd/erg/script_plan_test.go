package main

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

func init() { commands["asplanned"] = cmdAsPlanned }

// asplanned PLAN: the build whose --json output is that of the command before
// did what PLAN, the output of erg plan --json, said: all that was to run or
// to be restored, and nothing but that and what might run.
func cmdAsPlanned(ts *testscript.TestScript, neg bool, args []string) {
	needArgs(ts, neg, len(args) == 1, "asplanned PLAN")
	var plan struct {
		Contexts []struct {
			Context string
			Actions []struct {
				Action, Verdict string
				With            string `json:"shared_with"`
			}
		}
	}
	check(ts, json.Unmarshal([]byte(ts.ReadFile(args[0])), &plan))
	must, may := map[string][]string{}, []string{}
	for _, c := range plan.Contexts {
		for _, a := range c.Actions {
			switch {
			case a.With != "":
			case a.Verdict == "run" || a.Verdict == "restore":
				must[a.Verdict] = append(must[a.Verdict], a.Action)
			case a.Verdict == "may run":
				may = append(may, a.Action)
			}
		}
	}
	for verdict, status := range map[string]string{"run": "ran", "restore": "restored"} {
		var got []string
		for _, o := range objects(ts) {
			probe := strings.HasPrefix(o.Action, "probe ")
			if i := slices.Index(may, o.Action); i >= 0 && o.Status == status {
				may = slices.Delete(may, i, i+1)
			} else if o.Event == "action_finished" && o.Status == status && !probe {
				got = append(got, o.Action)
			}
		}
		want := must[verdict]
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			ts.Fatalf("%s:\n  %s\nplanned:\n  %s", status, strings.Join(got, "\n  "), strings.Join(want, "\n  "))
		}
	}
}
