// Command erg builds one source tree for many compilers and targets.
package main

import (
	"os"

	"erg.build/erg/cmd/erg/internal/app"
	"erg.build/erg/cmd/erg/internal/cli"
	"erg.build/erg/engine/sandbox"
)

func main() {
	sandbox.Main() // does not return in a sandbox's helper
	os.Exit(cli.Main(cli.Deps{App: app.App{}}, os.Args[1:]))
}
