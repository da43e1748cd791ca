// Command erg-ninja is "erg ninja" as a program of its own, for those who are
// told which Ninja to call: it has nothing of erg but that, and starts in half
// the time.
package main

import (
	"os"

	"erg.build/erg/cmd/erg/internal/ninjacmd"
	"erg.build/erg/cmd/erg/internal/place"
	"erg.build/erg/engine/sandbox"
)

func main() {
	sandbox.Main() // does not return in a sandbox's helper
	ctx := place.Interruptible()
	env := ninjacmd.Env{Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv, Environ: os.Environ(),
		StoreDir: place.StoreDir("", os.Getenv), BuildID: place.BuildID(), Working: place.Work, Large: place.WorkMuch}
	os.Exit(ninjacmd.Main(ctx, env, os.Args[1:]))
}
