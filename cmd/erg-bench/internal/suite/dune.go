package suite

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"erg.build/erg/cmd/erg-bench/internal/measure"
	"erg.build/erg/cmd/erg-bench/internal/table"
	"erg.build/erg/cmd/erg-bench/internal/tree"
)

const dune = "dune"

// A peer is a dune to measure against.
type peer struct{ name, program string }

// dunes are the peers: the dune along PATH, and the one that the environment
// names, under the name of its version.
func dunes(ctx context.Context) []peer {
	var all []peer
	named := os.Getenv("DUNE")
	if _, err := exec.LookPath(dune); err == nil || named == "" {
		all = append(all, peer{dune, dune})
	}
	if named != "" {
		name := "$DUNE"
		if v := measure.Version(ctx, named); v != "" {
			name = dune + " " + v
		}
		all = append(all, peer{name, named})
	}
	return all
}

// duneProject is an OCaml project with Dune's files, which both read.
func (c Config) duneProject(ctx context.Context) group {
	work := fmt.Sprintf("OCaml project, %d modules", c.Sizes.Modules)
	contexts := against(erg+", one", work+", three equal contexts, clean", "clean", table.Time, ratio(1.2))
	contexts.erg, contexts.peer = erg+" contexts clean", erg+" clean"
	peers := dunes(ctx)
	g := group{title: work, needs: []string{"ocamlopt"}, run: func(ctx context.Context, b *bench) error { return b.duneProject(ctx, c.Sizes, peers) }}
	for _, p := range peers {
		g.needs = append(g.needs, p.program)
		g.rows = append(g.rows,
			against(p.name, work+", clean", "clean", table.Time, ratio(0.9)),
			against(p.name, work+", clean, peak memory", "clean", table.Memory, ratio(0.5)),
			against(p.name, work+", null", "null", table.Time, ratio(0.1)),
			against(p.name, work+", one implementation changed", "edited", table.Time, ratio(0.5)),
		)
	}
	g.rows = append(g.rows, contexts)
	return g
}

func (b *bench) duneProject(ctx context.Context, s Sizes, peers []peer) error {
	var tools []tool
	programs := map[string]string{}
	names := []string{erg}
	for _, p := range peers {
		names = append(names, p.name)
		programs[p.name] = p.program
	}
	for _, name := range append(names, erg+" contexts") {
		t, err := tree.PlantDune(b.Dir+"/"+strings.NewReplacer(" ", "-", "$", "").Replace(name), s.Libraries, s.Modules, name == erg+" contexts")
		if err != nil {
			return err
		}
		cmd := measure.Command{Dir: t.Dir, Args: []string{b.Erg, "build"}, Env: t.Env(), Sample: true}
		if program := programs[name]; program != "" {
			cmd.Args, cmd.Env = []string{program, "build", "--root", "."}, []string{"DUNE_CACHE=disabled"}
		}
		tools = append(tools, tool{name: name, tree: t, cmd: cmd})
	}
	var cleans, nulls, edits []turn
	for _, t := range tools {
		cleans = append(cleans, turn{series: t.series("clean"), prepare: t.tree.CleanDune, settle: settles(s.Modules), run: t.cmd.Run, check: programRuns(ctx, t)})
	}
	if err := b.rounds(ctx, 2, cleans...); err != nil {
		return err
	}
	for _, t := range tools[:len(names)] {
		nulls = append(nulls, turn{series: t.series("null"), run: t.cmd.Run, check: duneIdle(t)})
		edits = append(edits, implementationEdited(t, s))
	}
	for range 2 { // two that are no samples, after which all is at rest
		for _, t := range tools[:len(names)] {
			if _, err := t.cmd.Run(ctx); err != nil {
				return err
			}
		}
	}
	if err := b.rounds(ctx, 11, nulls...); err != nil {
		return err
	}
	return b.rounds(ctx, 7, edits...)
}

// programRuns checks that the program was made, in all contexts.
func programRuns(ctx context.Context, t tool) func(measure.Run) error {
	contexts := []string{"default"}
	if t.name == erg+" contexts" {
		contexts = tree.Contexts
	}
	return func(measure.Run) error {
		for _, c := range contexts {
			if _, err := (measure.Command{Args: []string{t.tree.DuneOutput(c, tree.DuneProgram)}}).Run(ctx); err != nil {
				return err
			}
		}
		return nil
	}
}

// duneIdle checks that erg found nothing to do. Dune says nothing then.
func duneIdle(t tool) func(measure.Run) error {
	return func(r measure.Run) error {
		if t.name == erg && !strings.Contains(r.Output, "Up to date") {
			return fmt.Errorf("it was to find nothing to do, and printed:\n%s", r.Output[:min(len(r.Output), 500)])
		}
		return nil
	}
}

// implementationEdited gives another module with an interface file another
// body each time; the program prints another sum, or is the same but for
// the code.
func implementationEdited(t tool, s Sizes) turn {
	n := 0
	var before string
	return turn{
		series: t.series("edited"),
		prepare: func() error {
			n++
			name := tree.DuneModule(n%s.Libraries, 0)
			text, err := t.tree.Read(name)
			if err != nil {
				return err
			}
			if before, err = t.tree.Read("_build/default/" + tree.DuneProgram); err != nil {
				return err
			}
			return t.tree.Write(name, strings.Replace(text, "let total (x : int) = x", fmt.Sprintf("let total (x : int) = x + %d", n), 1))
		},
		run: t.cmd.Run,
		check: func(measure.Run) error {
			if after, err := t.tree.Read("_build/default/" + tree.DuneProgram); err != nil || after == before {
				return fmt.Errorf("it did not make the program anew: %v", err)
			}
			return nil
		},
	}
}
