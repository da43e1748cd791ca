package ninja_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"erg.build/erg/contexts/ninja"
	"erg.build/erg/contexts/ninja/ninjatest"
)

const diamond = `
rule r
  command = $out
build left: r base
build right: r base
build top: r left right | left || extra |@ check
build base: r source
build check: r top
`

func paths(g *ninja.Graph, nodes []ninja.Node) string {
	var names []string
	for _, n := range nodes {
		names = append(names, g.Path(n))
	}
	return strings.Join(names, " ")
}

func firstOutputs(g *ninja.Graph, edges []ninja.Edge) string {
	var names []string
	for _, e := range edges {
		names = append(names, g.Path(g.Outputs(e)[0]))
	}
	return strings.Join(names, " ")
}

func node(t *testing.T, g *ninja.Graph, path string) ninja.Node {
	t.Helper()
	n, ok := g.Lookup(path)
	if !ok {
		t.Fatalf("no node %s", path)
	}
	return n
}

func TestConsumers(t *testing.T) {
	g := mustParse(t, diamond)
	for _, test := range []struct{ path, consumers, validated string }{
		{"source", "base", ""},
		{"base", "left right", ""},
		{"left", "top top", ""},
		{"extra", "top", ""},
		{"top", "check", ""},
		{"check", "", "top"},
	} {
		n := node(t, g, test.path)
		if got := firstOutputs(g, g.Consumers(n)); got != test.consumers {
			t.Errorf("%s is used by %q, want %q", test.path, got, test.consumers)
		}
		if got := firstOutputs(g, g.ValidationConsumers(n)); got != test.validated {
			t.Errorf("%s validates %q, want %q", test.path, got, test.validated)
		}
	}
}

func TestOrder(t *testing.T) {
	g := mustParse(t, diamond)
	for _, test := range []struct{ targets, want string }{
		{"", ""},
		{"source", ""},
		{"right", "base right"},
		{"top", "base left right top"},
		{"right left right", "base right left"},
		{"check", "base left right top check"},
	} {
		var targets []ninja.Node
		for _, path := range strings.Fields(test.targets) {
			targets = append(targets, node(t, g, path))
		}
		order, err := g.Order(targets)
		if got := firstOutputs(g, order); got != test.want || err != nil {
			t.Errorf("%q: got %q and error %v, want %q", test.targets, got, err, test.want)
		}
	}
}

func TestOrderCycle(t *testing.T) {
	for _, test := range []struct{ text, target, want string }{
		{"build a: phony b\nbuild b: phony c\nbuild c: phony a\n", "a", "dependency cycle: a -> b -> c -> a"},
		{"build x: phony a\nbuild a: phony b\nbuild b: phony a\n", "x", "dependency cycle: a -> b -> a"},
		{"build a b: phony c\nbuild c: phony a\n", "b", "dependency cycle: a -> c -> a"},
		{"build a: phony | a\n", "a", "dependency cycle: a -> a"},
		{"build a: phony || b\nbuild b: phony || a\n", "b", "dependency cycle: b -> a -> b"},
	} {
		g := mustParse(t, test.text)
		_, err := g.Order([]ninja.Node{node(t, g, test.target)})
		if err == nil || err.Error() != test.want {
			t.Errorf("%q: got %v, want %s", test.text, err, test.want)
		}
	}
}

func TestOrderOfLongChain(t *testing.T) {
	var b strings.Builder
	const n = 100_000
	for i := range n {
		fmt.Fprintf(&b, "build f%d: phony f%d\n", i, i+1)
	}
	g := mustParse(t, b.String())
	order, err := g.Order([]ninja.Node{node(t, g, "f0")})
	if err != nil || len(order) != n || order[0] != n-1 {
		t.Errorf("got %d edges and error %v", len(order), err)
	}
}

func TestKeepPhonyCycles(t *testing.T) {
	r := ninja.Reader{
		Open:            func(string) ([]byte, error) { return []byte("build a: phony a b\n"), nil },
		KeepPhonyCycles: true,
	}
	g, err := r.Read("build.ninja")
	if err != nil {
		t.Fatal(err)
	}
	if got := paths(g, g.Inputs(0)); got != "a b" || len(g.Warnings()) > 0 {
		t.Errorf("got inputs %q, warnings %v", got, g.Warnings())
	}
}

func TestTarget(t *testing.T) {
	g := mustParse(t, diamond)
	for _, test := range []struct{ arg, want string }{
		{"top", "top"},
		{"./x/../top", "top"},
		{"source", "source"},
		{"source^", "base"},
		{"base^", "left"},
		{"check^", "error: 'check' has no out edge"},
		{"", "error: empty path"},
		{"./tip", "error: unknown target 'tip', did you mean 'top'?"},
		{"nothing/like/it", "error: unknown target 'nothing/like/it'"},
	} {
		n, err := g.Target(test.arg)
		got := ""
		if err != nil {
			got = "error: " + err.Error()
		} else {
			got = g.Path(n)
		}
		if got != test.want {
			t.Errorf("%q: got %q, want %q", test.arg, got, test.want)
		}
	}
}

func TestAccessors(t *testing.T) {
	g := mustParse(t, "builddir = out\nx = 1\nrule r\n  command = $x\nbuild a: r b\n  k = $x\n  l = 2\ndefault a\nx = 2\n")
	if g.Var("builddir") != "out" || g.Var("x") != "2" || g.Var("y") != "" || g.Var("command") != "" {
		t.Error("Var")
	}
	if g.Binding(0, "k") != "1" || g.Binding(0, "in") != "b" || g.Binding(0, "out") != "a" || g.Binding(0, "nobody") != "" {
		t.Error("Binding")
	}
	var own []string
	for name, value := range g.Bindings(0) {
		own = append(own, name+"="+value)
	}
	if got := strings.Join(own, " "); got != "k=1 l=2" {
		t.Errorf("Bindings: %s", got)
	}
	if got := g.RulePosition(g.Rule(0)).Line; got != 3 {
		t.Errorf("RulePosition: %d", got)
	}
	if got := g.Position(0).Line; got != 5 {
		t.Errorf("Position: %d", got)
	}
	if g.NumRules() != 2 || g.NumPools() != 2 || g.NumEdges() != 1 || g.NumNodes() != 2 {
		t.Error("counts")
	}
	if got := paths(g, g.DeclaredDefaults()); got != "a" {
		t.Errorf("DeclaredDefaults: %s", got)
	}
	if _, ok := g.Lookup("c"); ok {
		t.Error("Lookup finds what is not there")
	}
}

// TestLongTexts reads texts that take a chunk of the arena or several.
func TestLongTexts(t *testing.T) {
	for _, n := range []int{1 << 19, 1<<20 - 1, 1 << 20, 1<<20 + 1, 5 << 19} {
		long := strings.Repeat("x", n)
		g := mustParse(t, "rule r\n  command = "+long+" $in\nbuild a"+long+": r b"+long+"\nbuild c: r\n  v = "+long+"y\n")
		if got := g.Path(g.Outputs(0)[0]); got != "a"+long {
			t.Errorf("%d: path of %d bytes", n, len(got))
		}
		if got := g.Command(0); got != long+" b"+long {
			t.Errorf("%d: command of %d bytes", n, len(got))
		}
		if got := g.Binding(1, "v"); got != long+"y" {
			t.Errorf("%d: value of %d bytes", n, len(got))
		}
	}
}

func TestDoubledText(t *testing.T) {
	_, err := parse("a = 0123456789abcdef\n" + strings.Repeat("a = $a$a\n", 60))
	if err == nil || !strings.Contains(err.Error(), "more text than there is room for") {
		t.Errorf("got error %v", err)
	}
}

func TestLayered(t *testing.T) {
	l := ninjatest.Layered{Layers: 3, Width: 1002, FanIn: 3}
	var b bytes.Buffer
	if err := l.Write(&b); err != nil {
		t.Fatal(err)
	}
	g := mustParse(t, b.String())
	if got, want := g.NumEdges(), l.NumEdges()+1; got != want {
		t.Errorf("%d edges, want %d", got, want)
	}
	targets, err := g.Defaults()
	if err != nil {
		t.Fatal(err)
	}
	order, err := g.Order(targets)
	if err != nil || len(order) != g.NumEdges() {
		t.Errorf("%d edges in order, error %v", len(order), err)
	}
	e := g.Producer(node(t, g, l.Output(1, 1001)))
	if got, want := paths(g, g.Inputs(e)), "out/l0/01/001001.txt out/l0/00/000000.txt out/l0/00/000001.txt"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := g.Command(e), "cp out/l0/01/001001.txt out/l1/01/001001.txt"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	for source := range l.Sources() {
		if g.Producer(node(t, g, source)) != ninja.NoEdge {
			t.Fatalf("%s is made", source)
		}
	}
}
