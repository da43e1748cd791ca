// Package erg_test tests the shape of the module: which package may import
// which. Each rule says why.
package erg_test

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
)

const module = "erg.build/erg/"

// A layer may import itself and what is below it, never what is above.
var layers = []string{"engine", "toolchain", "contexts", "cmd"}

// A ban is an import that the packages of a part of the tree must not have.
type ban struct {
	part   string
	except []string
	paths  []string
	why    string
}

var bans = []ban{
	{part: "engine", paths: []string{"github.com/hashicorp/hcl", "github.com/zclconf/go-cty"},
		why: "the engine knows actions, artifacts, values and digests, and no configuration language: a null build must not even load one"},
	// Package graph draws what was evaluated, and has Graphviz do so. Package
	// perform is what processes of actions do.
	{part: "contexts", except: []string{"contexts/graph", "contexts/dune/act/perform"}, paths: effects, why: whyEffects},
	// Packages helper and download are what processes of actions do, and no query.
	{part: "toolchain", except: []string{"toolchain/toolchaintest", "toolchain/source/helper", "toolchain/source/download"}, paths: effects, why: whyEffects},
	{part: "contexts", paths: []string{module + "toolchain/source/helper", module + "toolchain/source/download"}, why: "a query describes what is to be fetched; only actions, and commands that build nothing, fetch"},
	{part: "contexts", except: []string{"contexts/dune/act/perform"}, paths: []string{module + "contexts/dune/act/perform"}, why: "a query describes an action; only processes of actions carry it out"},
	{part: "cmd/erg/internal/show", paths: []string{module + "contexts", module + "toolchain"},
		why: "whoever shows a build reads its events and knows nothing else"},
}

// effects are the packages through which a query could look at the world
// without the engine noticing.
var effects = []string{"os", "os/exec", "os/user", "io/ioutil", "net", "net/http", "syscall", "time/tzdata"}

const whyEffects = "queries see the world through an engine.Task only: what they read in another way is no recorded dependency, and the next build would not see it change"

type pkg struct {
	ImportPath string
	Imports    []string
}

// modulePackages lists the packages of this module with their direct imports,
// those of tests left out.
func modulePackages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports", "./...")
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("go list: %v\n%s", err, exit.Stderr)
		}
		t.Fatal(err)
	}
	var pkgs []pkg
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		pkgs = append(pkgs, p)
	}
	if len(pkgs) < 20 {
		t.Fatalf("go list found %d packages only", len(pkgs))
	}
	return pkgs
}

// layerOf returns the index of a package's layer, -1 for one outside of them.
func layerOf(path string) int {
	rest, ok := strings.CutPrefix(path, module)
	if !ok {
		return -1
	}
	for i, l := range layers {
		if below(rest, l) {
			return i
		}
	}
	return -1
}

// below reports whether path is dir or below it.
func below(path, dir string) bool { return path == dir || strings.HasPrefix(path, dir+"/") }

func TestImportsPointDown(t *testing.T) {
	for _, p := range modulePackages(t) {
		for _, imp := range p.Imports {
			if from, to := layerOf(p.ImportPath), layerOf(imp); from >= 0 && to > from {
				t.Errorf("%s imports %s: %s is above %s; what a lower layer needs from a higher one is passed to it", p.ImportPath, imp, layers[to], layers[from])
			}
		}
	}
}

func TestBannedImports(t *testing.T) {
	pkgs := modulePackages(t)
	for _, b := range bans {
		for _, p := range pkgs {
			if !b.covers(p.ImportPath) {
				continue
			}
			for _, imp := range p.Imports {
				for _, banned := range b.paths {
					exact := !strings.Contains(banned, ".")
					if imp == banned || !exact && below(imp, banned) {
						t.Errorf("%s imports %s: %s", p.ImportPath, imp, b.why)
					}
				}
			}
		}
	}
}

func (b ban) covers(path string) bool {
	rest := strings.TrimPrefix(path, module)
	for _, x := range b.except {
		if below(rest, x) {
			return false
		}
	}
	return below(rest, b.part)
}
