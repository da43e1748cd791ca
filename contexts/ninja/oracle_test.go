package ninja_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"erg.build/erg/contexts/ninja"
	"erg.build/erg/toolchain/toolchaintest"
)

// An oracle is the real Ninja in a directory of its own.
type oracle struct {
	t   testing.TB
	dir string
}

func newOracle(t testing.TB) oracle {
	t.Helper()
	toolchaintest.Need(t, "ninja")
	return oracle{t, t.TempDir()}
}

func (o oracle) write(name string, data []byte) {
	o.t.Helper()
	name = filepath.Join(o.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		o.t.Fatal(err)
	}
	if err := os.WriteFile(name, data, 0o666); err != nil {
		o.t.Fatal(err)
	}
}

// open is for ninja.Read.
func (o oracle) open(name string) ([]byte, error) {
	if !filepath.IsAbs(name) {
		name = filepath.Join(o.dir, filepath.FromSlash(name))
	}
	return os.ReadFile(name)
}

// run returns what ninja prints, and what it complains about.
func (o oracle) run(args ...string) (out, complaint string) {
	cmd := exec.Command("ninja", args...)
	cmd.Dir = o.dir
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil && stderr.Len() == 0 {
		o.t.Fatalf("ninja %s: %v", args, err)
	}
	return stdout.String(), stderr.String()
}

// The three functions below print what Ninja's tools print.

func targetsAll(g *ninja.Graph) string {
	var b strings.Builder
	for e := range g.Edges() {
		for _, n := range g.Outputs(e) {
			fmt.Fprintf(&b, "%s: %s\n", g.Path(n), g.RuleName(g.Rule(e)))
		}
	}
	return b.String()
}

func commands(t testing.TB, g *ninja.Graph, targets []ninja.Node) string {
	order, err := g.Order(targets)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, e := range order {
		if !g.IsPhony(e) {
			fmt.Fprintln(&b, g.Command(e))
		}
	}
	return b.String()
}

func query(g *ninja.Graph, n ninja.Node) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:\n", g.Path(n))
	if e := g.Producer(n); e != ninja.NoEdge {
		fmt.Fprintf(&b, "  input: %s\n", g.RuleName(g.Rule(e)))
		list := func(mark string, nodes []ninja.Node) {
			for _, n := range nodes {
				fmt.Fprintf(&b, "    %s%s\n", mark, g.Path(n))
			}
		}
		list("", g.ExplicitInputs(e))
		list("| ", g.ImplicitInputs(e))
		list("|| ", g.OrderOnlyInputs(e))
		if v := g.Validations(e); len(v) > 0 {
			b.WriteString("  validations:\n")
			list("", v)
		}
	}
	users := func(edges []ninja.Edge) {
		for _, e := range edges {
			for _, out := range g.Outputs(e) {
				fmt.Fprintf(&b, "    %s\n", g.Path(out))
			}
		}
	}
	b.WriteString("  outputs:\n")
	users(g.Consumers(n))
	if v := g.ValidationConsumers(n); len(v) > 0 {
		b.WriteString("  validation for:\n")
		users(v)
	}
	return b.String()
}

// compare compares a graph with what ninja says about the same files.
func (o oracle) compare(g *ninja.Graph) {
	t := o.t
	t.Helper()
	check := func(want, got, what string) {
		t.Helper()
		if want != got {
			t.Errorf("%s: ninja says\n%s\nwe say\n%s", what, want, got)
		}
	}
	out, _ := o.run("-t", "targets", "all")
	check(out, targetsAll(g), "targets all")
	if targets, err := g.Defaults(); err == nil && len(g.Warnings()) == 0 {
		out, _ = o.run("-t", "commands")
		check(out, commands(t, g, targets), "commands")
	}
	var args []string
	var want, got strings.Builder
	for n := range ninja.Node(g.NumNodes()) {
		if e := g.Producer(n); e != ninja.NoEdge && len(g.Warnings()) > 0 {
			// Only ninja's list of inputs forgets a phony's own name.
			continue
		}
		args = append(args, g.Path(n))
		got.WriteString(query(g, n))
	}
	for chunk := range slices.Chunk(args, 500) {
		out, complaint := o.run(append([]string{"-t", "query"}, chunk...)...)
		if strings.Contains(complaint, "error:") {
			t.Errorf("query: %s", complaint)
		}
		want.WriteString(out)
	}
	check(want.String(), got.String(), "query")
}

// TestReadLikeNinja has ninja read the files of TestRead.
func TestReadLikeNinja(t *testing.T) {
	files, err := filepath.Glob("testdata/read/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			o := newOracle(t)
			ar, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			prepare(ar)
			for _, f := range ar.Files {
				o.write(f.Name, f.Data)
			}
			if _, complaint := o.run("-t", "targets", "all"); strings.Contains(complaint, "incompatible with") {
				t.Skip(complaint)
			}
			g, err := ninja.Read("build.ninja", o.open)
			if err != nil {
				t.Fatal(err)
			}
			o.compare(g)
		})
	}
}

// sameComplaint compares what ninja printed with an error of ours, to the byte.
// Older Ninjas name a flag where two edges make a file.
func sameComplaint(t *testing.T, what, prefix, complaint string, err error) {
	t.Helper()
	fault, ok := err.(*ninja.Error)
	if !ok {
		t.Errorf("%s: got %v", what, err)
		return
	}
	if fault.Fatal {
		prefix = "ninja: fatal: "
	}
	complaint = strings.ReplaceAll(complaint, " [-w dupbuild=err]", "")
	complaint = strings.ReplaceAll(complaint, "\r", " ")
	if got := prefix + fault.AsNinja() + "\n"; got != complaint {
		t.Errorf("%s: ninja says\n%s\nwe say\n%s", what, complaint, got)
	}
}

// TestErrorsLikeNinja has ninja read the files of TestErrors: each must be wrong for it
// too, for the same reason and in the same words. Archives whose comment says
// so are left out.
func TestErrorsLikeNinja(t *testing.T) {
	files, err := filepath.Glob("testdata/error/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		ar, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(ar.Comment), "Ninja differs") {
			continue
		}
		prepare(ar)
		o := newOracle(t)
		for _, f := range ar.Files {
			o.write(f.Name, f.Data)
		}
		for _, f := range ar.Files {
			if f.Name == "want" || strings.HasSuffix(f.Name, ".inc") {
				continue
			}
			_, complaint := o.run("-f", f.Name, "-t", "targets", "all")
			_, err := ninja.Read(f.Name, o.open)
			sameComplaint(t, file+" "+f.Name, "ninja: error: ", complaint, err)
		}
	}
}

// TestDyndepErrorsLikeNinja has ninja read the files of TestDyndepErrors.
func TestDyndepErrorsLikeNinja(t *testing.T) {
	o := newOracle(t)
	g := mustParse(t, dyndepGraph)
	o.write("build.ninja", []byte(dyndepGraph))
	for _, test := range dyndepErrors {
		o.write("dd", []byte(test.text))
		_, complaint := o.run("-t", "query", "a")
		complaint, ok := strings.CutSuffix(complaint, "\n") // Ninja ends these twice
		_, err := readDyndep(g, test.text)
		if !ok {
			t.Errorf("%q: ninja does not complain; we say %v", test.text, err)
			continue
		}
		sameComplaint(t, fmt.Sprintf("%q", test.text), "ninja: warning: ", complaint, err)
	}
}

// A generator writes random files that are right.
type generator struct {
	*rand.Rand
	files   map[string]*strings.Builder
	b       *strings.Builder // the current file
	outputs int
	rules   []string
	depth   int
}

var generated = []string{"a", "b", "c.d", "description", "depfile", "command", "in", "out"}

func (g *generator) pick(list ...string) string { return list[g.IntN(len(list))] }

// value returns text with variables, escapes and whatever else may come.
func (g *generator) value(path bool) string {
	var b strings.Builder
	for range 1 + g.IntN(3) {
		switch g.IntN(8) {
		case 0, 1, 2:
			b.WriteString("${" + g.pick(generated...) + "}")
		case 3:
			b.WriteString("$" + g.pick("a", "b", "out", "undefined") + "/")
		case 4:
			b.WriteString(g.pick("$ ", "$:", "$$", "'", "x$\n     y", "../", "./", "//", "/../"))
		default:
			b.WriteString(g.pick("x", "y", "zz", "é", "#"))
		}
		if !path && g.IntN(3) == 0 {
			b.WriteString(g.pick(" ", ":", "|", "  "))
		}
	}
	return b.String()
}

func (g *generator) lets(names []string, n int) {
	for range n {
		fmt.Fprintf(g.b, "%s%s = %s\n", g.pick(" ", "  ", "# comment\n\t"[:len("# comment\n")]+"  "), g.pick(names...), g.value(false))
	}
}

func (g *generator) statement() {
	switch g.IntN(10) {
	case 0, 1, 2:
		fmt.Fprintf(g.b, "%s = %s\n", g.pick(generated...), g.value(false))
	case 3:
		name := fmt.Sprintf("r%d", len(g.rules))
		if g.depth > 0 && g.IntN(2) == 0 {
			name = fmt.Sprintf("s%d", len(g.files))
		}
		if slices.Contains(g.rules, name) {
			return
		}
		g.rules = append(g.rules, name)
		// No variable of a rule uses another, lest they form a cycle.
		fmt.Fprintf(g.b, "rule %s\n  command = %s $description %s $depfile $in $out\n", name, g.pick("$a", "$b"), g.pick("$a", "$c.d", "${c.d}", "$in_newline"))
		if g.IntN(2) == 0 {
			fmt.Fprintf(g.b, "  %s = $a%s\n", g.pick("description", "depfile"), g.pick("$b", " $out", ""))
		}
	case 4:
		if g.depth < 3 && len(g.files) < 6 {
			g.include()
		}
	default:
		if len(g.rules) > 0 {
			g.build()
		}
	}
}

func (g *generator) build() {
	list := func() {
		for range g.IntN(3) {
			g.b.WriteString(" i" + g.value(true)) // never empty
		}
	}
	fmt.Fprintf(g.b, "build o%d", g.outputs)
	g.outputs++
	if g.IntN(4) == 0 {
		fmt.Fprintf(g.b, " | o%d", g.outputs)
		g.outputs++
	}
	fmt.Fprintf(g.b, ": %s", g.pick(append(g.rules, "phony")...))
	list()
	for _, mark := range []string{" |", " ||", " |@"} {
		if g.IntN(3) == 0 {
			g.b.WriteString(mark)
			list()
		}
	}
	g.b.WriteByte('\n')
	if g.IntN(2) == 0 {
		g.lets(generated, g.IntN(3))
	}
}

func (g *generator) include() {
	name := fmt.Sprintf("f%d.ninja", len(g.files))
	keyword := g.pick("include", "subninja")
	fmt.Fprintf(g.b, "%s %s\n", keyword, name)
	outer, outerRules := g.b, g.rules
	g.b = &strings.Builder{}
	g.files[name] = g.b
	g.depth++
	for range g.IntN(8) {
		g.statement()
	}
	g.depth--
	if keyword == "subninja" {
		g.rules = slices.Clone(outerRules)
	}
	g.b = outer
}

// TestRandomLikeNinja compares us with ninja on random files.
func TestRandomLikeNinja(t *testing.T) {
	rounds := 150
	if testing.Short() {
		rounds = 20
	}
	for seed := range rounds {
		g := generator{Rand: rand.New(rand.NewPCG(1, uint64(seed))), files: map[string]*strings.Builder{}, b: &strings.Builder{}}
		g.files["build.ninja"] = g.b
		for range 5 + g.IntN(25) {
			g.statement()
		}
		o := newOracle(t)
		for name, b := range g.files {
			o.write(name, []byte(b.String()))
		}
		graph, err := ninja.Read("build.ninja", o.open)
		if err != nil {
			_, complaint := o.run("-t", "targets", "all")
			sameComplaint(t, fmt.Sprintf("seed %d", seed), "ninja: error: ", complaint, err)
		} else {
			o.compare(graph)
		}
		if t.Failed() {
			for name, b := range g.files {
				t.Logf("%s:\n%s", name, b)
			}
			t.FailNow()
		}
	}
}
