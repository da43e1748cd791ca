package graph

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"erg.build/erg/toolchain/toolchaintest"
)

// firmware is the graph of a compiler that builds a program which configures
// a firmware.
var firmware = &Graph{
	Nodes: []Node{
		{ID: "context.firmware", Kind: "context", Group: "firmware", Detail: "riscv32-unknown-elf"},
		{ID: "context.firmware.settings.cflags", Label: "cflags", Kind: "setting", Group: "firmware", Detail: "known after build"},
		{ID: "context.firmware.bin.blink", Label: "blink", Kind: "executable", Group: "firmware"},
		{ID: "context.config", Kind: "context", Group: "config", Detail: "build machine"},
		{ID: "context.config.output.cflags", Label: "output.cflags", Kind: "output", Group: "config", Detail: "list(string)"},
		{ID: "context.config.bin.board_config", Label: "bin.board_config", Kind: "executable", Group: "config"},
		{ID: "config/board.ml", Kind: "file", Group: "config"},
		{ID: "context.compiler", Kind: "context", Group: "compiler"},
		{ID: "context.compiler.prefix.ocaml", Label: "prefix.ocaml", Kind: "package", Group: "compiler"},
		{ID: "source.ocaml", Kind: "source", Detail: "npm ocaml@5.3.0"},
		{ID: "toolchain.ocaml.built", Kind: "toolchain"},
		{ID: "toolchain.cc.system", Kind: "toolchain", Detail: "gcc 14.2"},
		{ID: "toolchain.cc.esp32c3", Kind: "toolchain", Detail: "gcc 14.2, rv32imac"},
	},
	Edges: []Edge{
		{"context.firmware", "context.config", "host", ""},
		{"context.firmware", "toolchain.cc.esp32c3", "", ""},
		{"context.firmware", "context.firmware.settings.cflags", "", ""},
		{"context.firmware.settings.cflags", "context.config.output.cflags", "", ""},
		{"context.firmware.bin.blink", "context.firmware.settings.cflags", "", ""},
		{"context.config.output.cflags", "context.config.bin.board_config", "runs", ""},
		{"context.config.bin.board_config", "config/board.ml", "", ""},
		{"context.config.bin.board_config", "context.config", "built in", ""},
		{"context.config", "toolchain.ocaml.built", "", ""},
		{"context.config", "toolchain.cc.system", "", ""},
		{"toolchain.ocaml.built", "context.compiler.prefix.ocaml", "prefix", ""},
		{"context.compiler.prefix.ocaml", "source.ocaml", "", ""},
		{"context.compiler.prefix.ocaml", "context.compiler", "built in", ""},
		{"context.compiler", "toolchain.cc.system", "", ""},
	},
}

// nasty has everything that needs escaping, and a cycle.
var nasty = &Graph{
	Nodes: []Node{
		{ID: `a"b\n<&>`, Label: "two\nlines <b>&amp; [x] #1 `c` \\N", Kind: "odd kind", Group: `g"<x>`, Detail: `"d"`},
		{ID: "", Kind: "file"},
		{ID: "self"},
		{ID: "bad\xffutf8"},
		{ID: "self", Label: "ignored"},
	},
	Edges: []Edge{
		{`a"b\n<&>`, "unknown", `l"<|>`, ""},
		{"unknown", `a"b\n<&>`, "", ""},
		{"self", "self", "again", ""},
		{"self", "", "", ""},
	},
}

func TestText(t *testing.T) {
	wantText(t, firmware, `context.firmware  riscv32-unknown-elf
├── host: context.config  build machine
│   ├── toolchain.ocaml.built
│   │   └── prefix: prefix.ocaml
│   │       ├── source.ocaml  npm ocaml@5.3.0
│   │       └── built in: context.compiler
│   │           └── toolchain.cc.system  gcc 14.2
│   └── toolchain.cc.system  gcc 14.2
├── toolchain.cc.esp32c3  gcc 14.2, rv32imac
└── cflags  known after build
    └── output.cflags  list(string)
        └── runs: bin.board_config
            ├── config/board.ml
            └── built in: context.config  build machine  (see above)
blink
└── cflags  known after build  (see above)
`)
	wantText(t, nasty, "self\n├── again: self  (cycle)\n└── \nbad\xffutf8\n"+
		"two lines <b>&amp; [x] #1 `c` \\N  \"d\"\n└── l\"<|>: unknown\n    └── two lines <b>&amp; [x] #1 `c` \\N  \"d\"  (cycle)\n")
	wantText(t, &Graph{}, "")
}

func wantText(t *testing.T, g *Graph, want string) {
	t.Helper()
	var b strings.Builder
	if err := g.Text(&b); err != nil {
		t.Fatal(err)
	}
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

func TestTextOfALadder(t *testing.T) {
	g := &Graph{} // 2^30 paths
	for i := range 30 {
		for range 2 {
			g.Edges = append(g.Edges, Edge{From: fmt.Sprint(i), To: fmt.Sprint(i + 1)})
		}
	}
	var b strings.Builder
	if err := g.Text(&b); err != nil || strings.Count(b.String(), "\n") != 61 {
		t.Errorf("%v\n%s", err, b.String())
	}
}

func TestJSON(t *testing.T) {
	for _, g := range []*Graph{firmware, {}} {
		var b bytes.Buffer
		if err := g.JSON(&b); err != nil {
			t.Fatal(err)
		}
		var back Graph
		if err := json.Unmarshal(b.Bytes(), &back); err != nil {
			t.Fatal(err)
		}
		if len(back.Nodes) != len(g.Nodes) || len(back.Edges) != len(g.Edges) || bytes.Contains(b.Bytes(), []byte("null")) {
			t.Errorf("got %s", b.String())
		}
	}
}

func TestDot(t *testing.T) {
	g := &Graph{
		Nodes: []Node{{ID: "a", Label: "g.a", Short: "a", Kind: "context", Group: "g", Detail: "x<y"}, {ID: "b", Kind: "file"}},
		Edges: []Edge{{"a", "b", "needs", ""}, {"a", "b", "", Strong}, {"b", "a", "", Weak}},
	}
	var b strings.Builder
	if err := g.Dot(&b); err != nil {
		t.Fatal(err)
	}
	want := dotHeader + `  subgraph cluster_0 {
    label=<<b>g</b>>; labeljust=l; style="rounded,filled"; color="#d0d7de"; fillcolor="#f6f8fa"; fontcolor="#57606a"; margin=14
    n0 [label=<a<br/><font point-size="9" color="#57606a">x&lt;y</font>>, fillcolor="#dbe7fb", color="#3b6fc4", tooltip="a"]
  }
  n1 [label=<b>, fillcolor="#f2f2ef", color="#8a8a80", style="filled", tooltip="b"]
  n0 -> n1 [label=<needs>]
  n0 -> n1 [color="#3b6fc4", fontcolor="#3b6fc4", penwidth=2]
  n1 -> n0 [color="#b7bec6", style=dashed, arrowsize=0.6]
}
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

func TestMermaid(t *testing.T) {
	var b strings.Builder
	if err := nasty.Mermaid(&b); err != nil {
		t.Fatal(err)
	}
	const want = `flowchart LR
  subgraph g0["g#34;#60;x#62;"]
    n0("two lines #60;b#62;#38;amp#59; #91;x#93; #35;1 #96;c#96; #92;N<br/><small>#34;d#34;</small>")
  end
  n1[" "]
  n2("self")
  n3("bad` + "\uFFFD" + `utf8")
  n4("unknown")
  n0 -->|"l#34;#60;#124;#62;"| n4
  n4 --> n0
  n2 -->|"again"| n2
  n2 --> n1
  classDef k0 fill:`
	if !strings.HasPrefix(b.String(), want) {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}

// runDot is a Runner for the tests.
func runDot(ctx context.Context, stdin []byte, argv ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Stdin = bytes.NewReader(stdin)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if stderr.Len() > 0 {
		err = errors.Join(err, errors.New(stderr.String()))
	}
	return out, err
}

func TestSVG(t *testing.T) {
	toolchaintest.Need(t, "dot")
	for _, g := range []*Graph{firmware, nasty, {}} {
		svg, err := g.SVG(t.Context(), runDot)
		if err != nil {
			t.Fatal(err)
		}
		var text strings.Builder
		for d := xml.NewDecoder(bytes.NewReader(svg)); ; {
			token, err := d.Token()
			if err == io.EOF {
				break
			} else if err != nil {
				t.Fatalf("not XML: %v", err)
			}
			if s, ok := token.(xml.CharData); ok {
				text.Write(s)
			}
		}
		if g == nasty && !strings.Contains(strings.ReplaceAll(text.String(), "\u200b", ""), "lines <b>&amp; [x] #1 `c` \\N") {
			t.Errorf("the label is not in %q", text.String())
		}
	}
	if file := os.Getenv("ERG_GRAPH_PNG"); file != "" { // to look at
		png, err := firmware.render(t.Context(), runDot, "png")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, png, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSVGErrors(t *testing.T) {
	broken := errors.New("exit status 1")
	for _, test := range []struct {
		err  error
		out  string
		want string
	}{
		{&exec.Error{Name: "dot", Err: exec.ErrNotFound}, "", "install it"},
		{broken, "", "drawing with Graphviz: exit status 1"},
		{nil, "", "it wrote nothing"},
	} {
		run := func(context.Context, []byte, ...string) ([]byte, error) { return []byte(test.out), test.err }
		if _, err := firmware.SVG(t.Context(), run); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("got %v, want %q", err, test.want)
		}
	}
}
