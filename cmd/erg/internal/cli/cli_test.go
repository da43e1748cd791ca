package cli

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"erg.build/erg/engine"
)

func TestFlagsBecomeOptions(t *testing.T) {
	dir := t.TempDir()
	for line, want := range map[string]any{
		"plan a b":                            PlanOptions{Targets: []string{"a", "b"}},
		"build":                               BuildOptions{Targets: []string{}},
		"build --timeline t.json --explain x": BuildOptions{Building{Timeline: dir + "/t.json", Explain: true}, []string{"x"}},
		"build -l 2.5 --mem 2G":               BuildOptions{Building{MaxLoad: 2.5, Memory: 2 << 30}, []string{}},
		"test --max-load=3 --mem none":        TestOptions{Building: Building{MaxLoad: 3, Memory: engine.NoMemoryLimit}, Tests: []string{}},
		"test --rerun //lib:test.a":           TestOptions{Tests: []string{"//lib:test.a"}, Rerun: true},
		"run app:bin.x -j 3 --json":           RunOptions{Program: "app:bin.x", Args: []string{"-j", "3", "--json"}},
		"run --explain x -- -- y":             RunOptions{Building{Explain: true}, "x", []string{"--", "y"}},
		"describe":                            nil,
		"ocaml-merlin --no-print-directory":   nil,
		"why context.app":                     WhyOptions{"context.app"},
		"stats":                               StatsOptions{10},
		"stats --top 0":                       StatsOptions{0},
		"graph --of actions x":                GraphOptions{OfActions, []string{"x"}},
		"graph --actions x":                   GraphOptions{OfActions, []string{"x"}},
		"clean -n":                            CleanOptions{DryRun: true},
		"store gc":                            StoreGCOptions{},
		"store gc --max-size 1.5G -n":         StoreGCOptions{MaxSize: 3 << 29, DryRun: true},
		"store gc --keep-newer 30d":           StoreGCOptions{MaxAge: 30 * 24 * time.Hour},
		"store gc --keep-newer 1.5w":          StoreGCOptions{MaxAge: 252 * time.Hour},
		"store gc --keep-newer 1h30m":         StoreGCOptions{MaxAge: 90 * time.Minute},
		"promote x":                           PromoteOptions{Tests: []string{"x"}},
	} {
		r := try(t, dir, strings.Fields(line)...)
		r.want(t, 0, "", "")
		if !reflect.DeepEqual(r.app.options, want) {
			t.Errorf("erg %s: got %+v, want %+v", line, r.app.options, want)
		}
		if name, _, _ := strings.Cut(line, " "); r.app.called != name {
			t.Errorf("erg %s calls %s", line, r.app.called)
		}
	}
}

func TestCommon(t *testing.T) {
	dir := t.TempDir()
	r := try(t, dir, "build", "-c", "app", "--context=v@wide,x", "-j3", "-k", "--json", "--var", "a=b=c,d", "--var", "e=",
		"--color", "always", "--store", "s")
	r.want(t, 0, "", "")
	c := r.app.common
	c.Stdin, c.Stdout, c.Stderr, c.Getenv = nil, nil, nil, nil
	want := Common{Dir: dir, Contexts: []string{"app", "v@wide", "x"}, Jobs: 3, JobsGiven: true, KeepGoing: true, JSON: true,
		Vars: []Var{{"a", "b=c,d"}, {"e", ""}}, Color: "always", Store: dir + "/s"}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("got %+v, want %+v", c, want)
	}
	if c := try(t, dir, "build").app.common; c.Jobs < 1 || c.JobsGiven || c.Color != "auto" || c.Store != "" {
		t.Errorf("defaults: %+v", c)
	}
}

func TestUsageErrors(t *testing.T) {
	dir := t.TempDir()
	for line, want := range map[string]string{
		"bild":                        "there is no command \"bild\"\nDid you mean \"erg build\"?\nSee \"erg --help\".",
		"compile":                     "there is no command \"compile\"\nSee \"erg --help\".",
		"prom":                        "there is no command \"prom\"\nDid you mean \"erg promote\"?\nSee \"erg --help\".",
		"build --jsn":                 "build: there is no flag --jsn\nDid you mean \"--json\"?\nSee \"erg build --help\".",
		"build --rerun":               "build: there is no flag --rerun\nIt is a flag of erg test.\nSee \"erg build --help\".",
		"build -x":                    "build: there is no flag -x\nSee \"erg build --help\".",
		"build -j 0":                  "build: -j 0: at least one process must run\nSee \"erg build --help\".",
		"build -j":                    "build: flag needs an argument: 'j' in -j\nSee \"erg build --help\".",
		"build --var x":               "build: --var x: want NAME=VALUE\nSee \"erg build --help\".",
		"build --color red":           "build: invalid argument \"red\" for \"--color\" flag: want one of auto, always, never\nSee \"erg build --help\".",
		"why":                         "why: ADDRESS is missing\nUsage: erg why [FLAG]... ADDRESS\nSee \"erg why --help\".",
		"why a b":                     "why: unexpected argument \"b\"\nUsage: erg why [FLAG]... ADDRESS\nSee \"erg why --help\".",
		"clean x":                     "clean: unexpected argument \"x\"\nUsage: erg clean [FLAG]...\nSee \"erg clean --help\".",
		"store foo":                   "store: there is no command \"foo\"\nSee \"erg store --help\".",
		"store stat":                  "store: there is no command \"stat\"\nDid you mean \"erg store stats\"?\nSee \"erg store --help\".",
		"store gc x":                  "store gc: unexpected argument \"x\"\nUsage: erg store gc [FLAG]...\nSee \"erg store gc --help\".",
		"store gc --max-size 50%":     "store gc: invalid argument \"50%\" for \"--max-size\" flag: want a size such as 500M or 10G\nSee \"erg store gc --help\".",
		"store gc --max-size 0":       "store gc: invalid argument \"0\" for \"--max-size\" flag: want a size such as 500M or 10G\nSee \"erg store gc --help\".",
		"store gc --keep-newer NaNd":  "store gc: invalid argument \"NaNd\" for \"--keep-newer\" flag: want a time such as 12h, 30d or 8w\nSee \"erg store gc --help\".",
		"store gc --keep-newer 9e99w": "store gc: invalid argument \"9e99w\" for \"--keep-newer\" flag: want a time such as 12h, 30d or 8w\nSee \"erg store gc --help\".",
		"store gc --keep-newer 30":    "store gc: invalid argument \"30\" for \"--keep-newer\" flag: want a time such as 12h, 30d or 8w\nSee \"erg store gc --help\".",
		"store gc --keep-newer -1d":   "store gc: invalid argument \"-1d\" for \"--keep-newer\" flag: want a time such as 12h, 30d or 8w\nSee \"erg store gc --help\".",
		"build -C none":               "build: -C none: there is no such directory\nSee \"erg build --help\".",
		"build --var a=1 --var a=2":   "build: --var a=2: a is set already, to \"1\"\nSee \"erg build --help\".",
		"stats x":                     "stats: unexpected argument \"x\"\nUsage: erg stats [FLAG]...\nSee \"erg stats --help\".",
		"stats --top -1":              "stats: --top -1: want a number of lines, or 0 for all\nSee \"erg stats --help\".",
	} {
		try(t, dir, strings.Fields(line)...).want(t, 2, "", "erg: "+want+"\n")
	}
}

func TestExitCodes(t *testing.T) {
	for _, test := range []struct {
		err    error
		code   int
		stderr string
	}{
		{nil, 0, ""},
		{ErrFailed, 1, ""},
		{fmt.Errorf("again: %w", ErrFailed), 1, ""},
		{errTest, 1, "erg: the disk is on fire\n"},
		{&ConfigError{Err: errTest}, 2, "erg: the disk is on fire\n"},
		{&ConfigError{Err: errTest, Reported: true}, 2, ""},
		{fmt.Errorf("x: %w", context.Canceled), 130, "erg: interrupted\n"},
		{&ProgramError{42}, 42, ""},
	} {
		tryWith(t, &fakeApp{err: test.err}, "", "build").want(t, test.code, "", test.stderr)
	}
}

func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var b strings.Builder
	if code := Execute(ctx, Deps{App: &fakeApp{err: ErrFailed}, Stderr: &b}, []string{"build"}); code != 130 {
		t.Errorf("code %d, %s", code, b.String())
	}
}

func TestWithoutApp(t *testing.T) {
	for _, name := range []string{"plan", "build", "test", "run x", "why x", "stats", "graph", "describe", "ocaml-merlin", "clean", "promote", "store stats", "store gc"} {
		var b strings.Builder
		if code := Execute(t.Context(), Deps{Stderr: &b}, strings.Fields(name)); code != 1 {
			t.Errorf("erg %s: code %d, %s", name, code, b.String())
		}
	}
}

// commands returns all commands that the help shows.
func commands(t *testing.T) []*cobra.Command {
	root := New(Deps{App: &fakeApp{}})
	all := []*cobra.Command{root}
	for _, c := range root.Commands() {
		if c.Name() != "help" {
			all = append(append(all, c), c.Commands()...)
		}
	}
	if len(all) != 24 {
		t.Errorf("%d commands", len(all))
	}
	return all
}

func TestHelp(t *testing.T) {
	for _, c := range commands(t) {
		if c.Short == "" || c.Long == "" || c.Example == "" {
			t.Errorf("%s: the help is not complete", c.CommandPath())
		}
		if strings.HasSuffix(c.Short, ".") || len(c.Short) > 60 {
			t.Errorf("%s: %q is no title", c.CommandPath(), c.Short)
		}
		for line := range strings.Lines(c.Long + "\n" + c.Example) {
			if n := len([]rune(strings.TrimSuffix(line, "\n"))); n > 84 {
				t.Errorf("%s: %d characters in %q", c.CommandPath(), n, line)
			}
		}
		args := append(strings.Fields(c.CommandPath())[1:], "--help")
		r := tryWith(t, &fakeApp{}, "", args...)
		if r.code != 0 || r.stderr != "" || !strings.HasPrefix(r.stdout, c.Long) || !strings.Contains(r.stdout, "\nExamples:\n") {
			t.Errorf("%s --help: code %d\n%s%s", c.CommandPath(), r.code, r.stdout, r.stderr)
		}
	}
}

func TestRootHelpHasEveryCommandOnce(t *testing.T) {
	r := tryWith(t, &fakeApp{}, "")
	for _, c := range commands(t)[1:] {
		if c.Parent() != c.Root() {
			continue // it is in its parent's help
		}
		if strings.Count(r.stdout, "\n  "+c.Name()+" ") != 1 {
			t.Errorf("%s is not there once:\n%s", c.Name(), r.stdout)
		}
	}
}

// TestExamples runs every line of every example.
func TestExamples(t *testing.T) {
	for _, c := range commands(t) {
		for line := range strings.Lines(c.Example) {
			for command := range strings.SplitSeq(line, "&&") {
				words := exampleWords(command)
				if words[0] == "cd" {
					continue
				}
				if words[0] != "erg" {
					t.Errorf("%s: %q", c.CommandPath(), line)
					continue
				}
				dir := t.TempDir()
				if words[1] != "init" {
					write(t, dir, map[string]string{"lib/build.hcl": "a b\n"})
				}
				if r := try(t, dir, words[1:]...); r.code != 0 {
					t.Errorf("%s: code %d: %s", strings.TrimSpace(line), r.code, r.stderr)
				}
			}
		}
	}
}

// exampleWords splits a line of an example as a shell would, as far as the
// examples need it.
func exampleWords(line string) []string {
	for _, rest := range []string{"  #", " > ", " < "} {
		line, _, _ = strings.Cut(line, rest)
	}
	words := strings.Fields(line)
	for i := range words {
		words[i] = strings.Trim(words[i], "'")
	}
	return words
}

func TestVersion(t *testing.T) {
	for _, args := range [][]string{{"version"}, {"--version"}} {
		r := tryWith(t, &fakeApp{}, "", args...)
		if r.code != 0 || !strings.HasPrefix(r.stdout, "erg ") || !strings.Contains(r.stdout, "\nbuilt with go") ||
			!strings.HasSuffix(r.stdout, "\nschema 7\n") {
			t.Errorf("erg %s: %+v", args, r)
		}
	}
	r := tryWith(t, &fakeApp{}, "", "version", "--json")
	if !strings.HasPrefix(r.stdout, `{"version":"`) || !strings.Contains(r.stdout, `"schema":"7"`) {
		t.Errorf("%+v", r)
	}
	if v := versionOf(nil, ""); v.Version != "devel" || strings.Contains(v.String(), "schema") {
		t.Errorf("%+v", v)
	}
}

func TestCompletion(t *testing.T) {
	for line, want := range map[string]string{
		"build a":          "targets:a",
		"build x b":        "targets:b",
		"test -c app x":    "in:app",
		"build --var a=b ": "targets:",
		"run p":            "programs:p",
		"run p x":          "",
		"why c":            "elements:c",
		"build -c a":       "contexts:a",
		"promote t":        "tests:t",
		"graph --format ":  "text\ndot\nmermaid\njson\nsvg",
		"build --color ":   "auto\nalways\nnever",
		"completion b":     "bash",
	} {
		words := strings.Split(line, " ")
		r := tryWith(t, &fakeApp{}, "", append([]string{cobra.ShellCompNoDescRequestCmd}, words...)...)
		got, directive, _ := strings.Cut(strings.TrimSpace("\n"+r.stdout), ":4")
		if strings.TrimSpace(got) != want || directive != "" {
			t.Errorf("%q completes to %q, want %q", line, r.stdout, want)
		}
	}
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		r := tryWith(t, &fakeApp{}, "", "completion", shell)
		if r.code != 0 || len(r.stdout) < 1000 {
			t.Errorf("%s: %+v", shell, r)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"a", "", 1}, {"build", "bild", 1}, {"paln", "plan", 1}, {"run", "why", 3}} {
		if got := distance(test.a, test.b); got != test.want {
			t.Errorf("distance(%q, %q) = %d, want %d", test.a, test.b, got, test.want)
		}
	}
}
