// Package toolchain defines what a toolchain is: a compiler suite with an
// identity (what it is, wherever it lies), facts learnt by probing it, and a
// target. Packages cc and ocaml say how each kind is found and how it
// compiles.
//
// It knows nothing of contexts or of configuration files. All that it learns
// about the machine it learns through an engine task, so that a toolchain
// that changed is noticed and one that did not costs nothing.
//
// Read Toolchain and Config first, then Triplet, then Error.
package toolchain

import (
	"encoding/json"
	"maps"
	"slices"

	"erg.build/erg/engine/digest"
	"github.com/zclconf/go-cty/cty"
)

// A Config is a declared toolchain. Its fields are known values.
type Config struct {
	Kind string // "cc", "ocaml"
	Name string // as declared; for messages
	Key  string // the instance of a for_each; "" for none

	// Prefix is the absolute directory in whose bin the tools are; "" to
	// search along PATH.
	Prefix string
	// Target is the triplet that was declared; "" for whatever the tools
	// emit code for.
	Target string
	// CC names the C compiler: a name, or an absolute path.
	CC string
	// Flags are passed to every compile and every link, and to the probes.
	Flags []string
	// Env is added to the environment of every process of the toolchain.
	Env    map[string]string
	Runner *Runner
	Site   string // where it was declared ("erg.hcl:12"); for messages
}

// A Runner says how the programs of a target are run on the build machine.
type Runner struct {
	Command []string // with "{program}" and "{args}" as elements
	Env     map[string]string
	State   string // a writable directory kept for it; "" for none
}

// A Toolchain is a compiler suite that was found and probed.
type Toolchain interface {
	Kind() string
	// Identity names what the toolchain is: the content of all files it
	// runs with, and never where they lie.
	Identity() digest.Digest
	// Facts are what probing has learnt, by name.
	Facts() map[string]cty.Value
	// Target is the GNU triplet of the machine that it emits code for.
	Target() string
	// Native reports whether its programs run on the build machine without
	// a runner.
	Native() bool
	// Runner is the declared runner; nil for none.
	Runner() *Runner
}

// Address returns the toolchain's address as people write it.
func (c Config) Address() string {
	a := "toolchain." + c.Kind + "." + c.Name
	if c.Key != "" {
		key, _ := json.Marshal(c.Key)
		a += "[" + string(key) + "]"
	}
	return a
}

// Encode returns the configuration as a string, to be the key of a query.
func (c Config) Encode() string {
	b, err := json.Marshal(c)
	if err != nil {
		panic(err) // no field can fail
	}
	return string(b)
}

// Decode reads what Encode wrote.
func Decode(s string) (Config, error) {
	var c Config
	err := json.Unmarshal([]byte(s), &c)
	return c, err
}

// Environ returns maps of variables as a sorted list of "NAME=value"; later
// maps win.
func Environ(ms ...map[string]string) []string {
	all := map[string]string{}
	for _, m := range ms {
		maps.Copy(all, m)
	}
	env := make([]string, 0, len(all))
	for _, name := range slices.Sorted(maps.Keys(all)) {
		env = append(env, name+"="+all[name])
	}
	return env
}
