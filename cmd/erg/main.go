// Command erg builds one source tree for many compilers and targets.
package main

import (
	"os"
	"path/filepath"

	"erg.build/erg/cmd/erg/internal/app"
	"erg.build/erg/cmd/erg/internal/cli"
	"erg.build/erg/contexts/dune/act/perform"
	"erg.build/erg/engine/sandbox"
	"erg.build/erg/toolchain/source/helper"
)

func main() {
	sandbox.Main() // does not return in a sandbox's helper
	helper.Main()  // nor in a process that brings in a source,
	perform.Main() // nor in one that carries out an action of dune's
	args := os.Args[1:]
	if filepath.Base(os.Args[0]) == "ninja" { // a link of that name
		args = append([]string{"ninja"}, args...)
	}
	os.Exit(cli.Main(cli.Deps{App: app.App{}}, args))
}
