package config

import (
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

const nativeWorkspace = `
workspace {
  name    = "demo"
  default = [context.app]
}
variable "board" {
  type        = string
  default     = "esp32c3"
  description = "the board"
  validation {
    condition     = length(var.board) > 0
    error_message = "There must be a board."
  }
}
locals {
  b = 1
  a = local.b
}
toolchain "cc" "cross" {
  for_each = ["1", "2"]
  target   = "riscv32-unknown-elf"
  cc       = "gcc"
  flags    = ["-Os"]
  env      = { A = "b" }
  prefix   = context.app.prefix.gcc
  runner {
    command = ["qemu", "{program}"]
    env     = {}
    state   = "wine"
  }
}
template "t" {
  profile = "release"
}
context "app" {
  extends    = template.t
  toolchains = [toolchain.cc.cross["1"]]
  host       = context.tools
  imports    = [context.tools]
  dirs       = ["app"]
  exclude    = ["app/old"]
  profile    = "dev"
  settings   = { cflags = ["-g"], "n" = 1 }
  env        = {}
  for_each   = toset(["a"])
  runner {
    command = ["x"]
  }
  package "zlib" {
    source  = "vendor/zlib"
    dir     = "src"
    steps   = [["make", "install", "prefix=${prefix}"]]
    deps    = [package.other]
    tools   = ["gcc"]
    env     = { CC = "gcc" }
    timeout = "10m"
    provides {
      bin   = ["a"]
      lib   = ["b"]
      share = ["c"]
    }
  }
  output "size" {
    type        = object({ a = number, b = optional(string, "x") })
    run         = [self.bin.size]
    parse       = "json"
    inputs      = []
    env         = {}
    description = "how big it is"
    sensitive   = true
  }
}
context "tools" {}
`

const jsonWorkspace = `{
  "workspace": {"name": "demo", "default": ["${context.app}"]},
  "variable": {"board": {
    "type": "string", "default": "esp32c3", "description": "the board",
    "validation": {"condition": "${length(var.board) > 0}", "error_message": "There must be a board."}
  }},
  "locals": {"b": 1, "a": "${local.b}"},
  "toolchain": {"cc": {"cross": {
    "for_each": ["1", "2"], "target": "riscv32-unknown-elf", "cc": "gcc", "flags": ["-Os"],
    "env": {"A": "b"}, "prefix": "${context.app.prefix.gcc}",
    "runner": {"command": ["qemu", "{program}"], "env": {}, "state": "wine"}
  }}},
  "template": {"t": {"profile": "release"}},
  "context": {
    "app": {
      "extends": "${template.t}", "toolchains": ["${toolchain.cc.cross[\"1\"]}"], "host": "${context.tools}",
      "imports": ["${context.tools}"], "dirs": ["app"], "exclude": ["app/old"], "profile": "dev",
      "settings": {"cflags": ["-g"], "n": 1}, "env": {}, "for_each": "${toset([\"a\"])}",
      "runner": {"command": ["x"]},
      "package": {"zlib": {
        "source": "vendor/zlib", "dir": "src", "steps": [["make", "install", "prefix=${prefix}"]],
        "deps": ["${package.other}"], "tools": ["gcc"], "env": {"CC": "gcc"}, "timeout": "10m",
        "provides": {"bin": ["a"], "lib": ["b"], "share": ["c"]}
      }},
      "output": {"size": {
        "type": "object({ a = number, b = optional(string, \"x\") })", "run": ["${self.bin.size}"],
        "parse": "json", "inputs": [], "env": {}, "description": "how big it is", "sensitive": true
      }}
    },
    "tools": {}
  }
}`

func TestParseWorkspace(t *testing.T) {
	for _, f := range []struct{ name, src string }{{"erg.hcl", nativeWorkspace}, {"erg.json", jsonWorkspace}} {
		t.Run(f.name, func(t *testing.T) {
			w, diags := ParseWorkspace(f.name, []byte(f.src))
			if diags.HasErrors() {
				t.Fatal(diags)
			}
			checkWorkspace(t, w)
		})
	}
}

func checkWorkspace(t *testing.T, w *Workspace) {
	t.Helper()
	if w.Name != "demo" || w.Default == nil || w.RequiredVersion != "" {
		t.Errorf("workspace: %q, %v", w.Name, w.Default)
	}
	v := w.Variable("board")
	if v == nil || v.Type != cty.String || v.Description != "the board" || len(v.Validations) != 1 {
		t.Errorf("variable: %+v", v)
	}
	if len(w.Locals) != 2 || w.Locals[0].Name != "b" || w.Local("a") == nil || w.Local("c") != nil {
		t.Errorf("locals: %+v", w.Locals)
	}
	tc := w.Toolchain("cc", "cross")
	if tc == nil || tc.Runner == nil || tc.Kind != "cc" || w.Toolchain("ocaml", "cross") != nil {
		t.Fatalf("toolchain: %+v", tc)
	}
	if w.Template("t") == nil || w.Template("t").Profile == nil || w.Template("u") != nil {
		t.Error("no template t")
	}
	c := w.Context("app")
	if c == nil || c.Runner == nil || c.ForEach == nil || len(w.Contexts) != 2 {
		t.Fatalf("context: %+v", c)
	}
	for _, x := range []hcl.Expression{
		tc.ForEach, tc.Target, tc.CC, tc.Flags, tc.Env, tc.Prefix, tc.Runner.Command, tc.Runner.Env, tc.Runner.State,
		c.Extends, c.Toolchains, c.Host, c.Imports, c.Dirs, c.Exclude, c.Profile, c.Settings, c.Env, c.Runner.Command,
		v.Default, v.Validations[0].Condition, v.Validations[0].ErrorMessage, w.Local("a").Expr,
	} {
		if _, ok := x.(hclsyntax.Expression); !ok {
			t.Errorf("%T is not of the native syntax", x)
		}
	}
	if got := c.AttrRange("host").Start.Line; got < 2 {
		t.Errorf("host is on line %d", got)
	}
	p := c.Package("zlib")
	if p == nil || p.Provides == nil || c.Package("other") != nil {
		t.Fatalf("package: %+v", p)
	}
	for _, x := range []hcl.Expression{p.Source, p.Dir, p.Steps, p.Deps, p.Tools, p.Env, p.Timeout, p.Provides.Bin, p.Provides.Lib, p.Provides.Share} {
		if _, ok := x.(hclsyntax.Expression); !ok {
			t.Errorf("%T is not of the native syntax", x)
		}
	}
	o := c.Output("size")
	if o == nil || o.Parse != "json" || !o.Sensitive || o.Run == nil || o.Value != nil || o.Defaults == nil {
		t.Fatalf("output: %+v", o)
	}
	if got := TypeString(o.Type); got != "object({a=number,b=string})" {
		t.Errorf("type of output: %s", got)
	}
	items, ok := Items(c.Settings)
	if !ok || len(items) != 2 || items[0].Name != "cflags" || items[1].Name != "n" {
		t.Errorf("settings: %v, %v", items, ok)
	}
	if _, ok := w.Locals[1].Expr.(*hclsyntax.ScopeTraversalExpr); !ok && !strings.HasSuffix(w.Filename, ".json") {
		t.Errorf("local.a is %T", w.Locals[1].Expr)
	}
}

const nativeBuild = `
setting "cflags" {
  type        = list(string)
  default     = []
  description = "flags"
}
library "z" {
  sources = glob("*.c")
  headers = ["z.h"]
  deps    = [library.y]
  public  = true
  flags   = []
  include = ["."]
  ldflags = []
  wrapped = false
  modes   = ["byte"]
  enabled = can(ctx.toolchain.ocaml)
}
executable "x" {
  sources       = ["x.c"]
  linker_script = "x.ld"
}
rule "gen" {
  for_each = ["a"]
  run      = [host.bin.gen]
  inputs   = ["a"]
  outputs  = ["b"]
  stdin    = "c"
  stdout   = "d"
  env      = {}
  dir      = "."
  depfile  = "d.d"
  public   = true
  timeout  = "1m"
}
test "t" {
  run     = [executable.x]
  inputs  = []
  expect  = "t.expected"
  timeout = 10
}
install {
  share = { "a/b" = "c" }
  bin   = ["x"]
}
install "other.pkg" {
  man = ["x.1"]
}
`

const jsonBuild = `{
  "setting": {"cflags": {"type": "list(string)", "default": [], "description": "flags"}},
  "library": {"z": {
    "sources": "${glob(\"*.c\")}", "headers": ["z.h"], "deps": ["${library.y}"], "public": true, "flags": [],
    "include": ["."], "ldflags": [], "wrapped": false, "modes": ["byte"], "enabled": "${can(ctx.toolchain.ocaml)}"
  }},
  "executable": {"x": {"sources": ["x.c"], "linker_script": "x.ld"}},
  "rule": {"gen": {
    "for_each": ["a"], "run": ["${host.bin.gen}"], "inputs": ["a"], "outputs": ["b"], "stdin": "c", "stdout": "d",
    "env": {}, "dir": ".", "depfile": "d.d", "public": true, "timeout": "1m"
  }},
  "test": {"t": {"run": ["${executable.x}"], "inputs": [], "expect": "t.expected", "timeout": 10}},
  "install": {"": {"share": {"a/b": "c"}, "bin": ["x"]}, "other.pkg": {"man": ["x.1"]}}
}`

func TestParseBuild(t *testing.T) {
	for _, f := range []struct{ name, src string }{{"lib/build.hcl", nativeBuild}, {"lib/build.hcl.json", jsonBuild}} {
		t.Run(f.name, func(t *testing.T) {
			b, diags := ParseBuild(f.name, []byte(f.src))
			if diags.HasErrors() {
				t.Fatal(diags)
			}
			checkBuild(t, b)
		})
	}
}

func checkBuild(t *testing.T, b *Build) {
	t.Helper()
	if len(b.Settings) != 1 || !b.Settings[0].Type.Equals(cty.List(cty.String)) || b.Settings[0].Default == nil {
		t.Errorf("settings: %+v", b.Settings)
	}
	if len(b.Libraries) != 1 || len(b.Executables) != 1 || len(b.Rules) != 1 || len(b.Tests) != 1 || len(b.Installs) != 2 {
		t.Fatalf("blocks: %+v", b)
	}
	l, x, r, u := b.Libraries[0], b.Executables[0], b.Rules[0], b.Tests[0]
	for i, e := range []hcl.Expression{
		l.Sources, l.Headers, l.Deps, l.Public, l.Flags, l.Include, l.LDFlags, l.Wrapped, l.Modes, l.Enabled,
		x.Sources, x.LinkerScript,
		r.ForEach, r.Run, r.Inputs, r.Outputs, r.Stdin, r.Stdout, r.Env, r.Dir, r.Depfile, r.Public, r.Timeout,
		u.Run, u.Inputs, u.Expect, u.Timeout,
	} {
		if _, ok := e.(hclsyntax.Expression); !ok {
			t.Errorf("expression %d is %T", i, e)
		}
	}
	var sections []string
	for _, in := range b.Installs {
		sections = append(sections, in.Name)
		for _, s := range in.Sections {
			sections = append(sections, s.Section)
		}
	}
	if want := []string{"", "share", "bin", "other.pkg", "man"}; !slices.Equal(sections, want) {
		t.Errorf("installs: %q, want %q", sections, want)
	}
}

func TestItemsNotStatic(t *testing.T) {
	for _, src := range []string{`local.x`, `{(var.k) = 1}`, `{"${var.k}" = 1}`, `merge({}, {})`, `[1]`} {
		expr, diags := hclsyntax.ParseExpression([]byte(src), "x.hcl", hcl.InitialPos)
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		if items, ok := Items(expr); ok {
			t.Errorf("Items(%s) = %v", src, items)
		}
	}
}

func TestFormat(t *testing.T) {
	got := string(Format([]byte("context \"a\"  {\n dirs=[ \"x\" ]\n  exclude   = []\n}\n")))
	want := "context \"a\" {\n  dirs    = [\"x\"]\n  exclude = []\n}\n"
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// FuzzParse looks for panics, in this package and in what reads ranges.
func FuzzParse(f *testing.F) {
	f.Add(nativeWorkspace, false)
	f.Add(jsonWorkspace, true)
	f.Add(nativeBuild, false)
	f.Add(jsonBuild, true)
	f.Add("context \"\" {}\ninstall \"\" {}\nlocals {\n", false)
	f.Add(`{"context": [{"a": [{}]}], "locals": [1], "output": null}`, true)
	f.Fuzz(func(t *testing.T, src string, isJSON bool) {
		ext := ""
		if isJSON {
			ext = ".json"
		}
		var out strings.Builder
		w, diags := ParseWorkspace("erg.hcl"+ext, []byte(src))
		b, more := ParseBuild("build.hcl"+ext, []byte(src))
		files := map[string]*hcl.File{w.Filename: w.File, b.Filename: b.File}
		if err := WriteDiagnostics(&out, files, append(diags, more...), false, 80); err != nil {
			t.Fatal(err)
		}
		for _, c := range w.Contexts {
			Items(c.Settings)
		}
	})
}
