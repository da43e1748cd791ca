// Command erg builds one source tree for many compilers and targets.
package main

import (
	"os"

	"erg.build/erg/cmd/erg/internal/cli"
)

func main() {
	os.Exit(cli.Main(cli.Deps{}, os.Args[1:]))
}
