// Command erg-ninja is "erg ninja" as a program of its own, for those who are
// told which Ninja to call: it has nothing of erg but that, and starts in half
// the time.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"erg.build/erg/cmd/erg/internal/ninjacmd"
	"erg.build/erg/cmd/erg/internal/place"
	"erg.build/erg/engine/sandbox"
)

func main() {
	sandbox.Main() // does not return in a sandbox's helper
	place.Start()
	// The first interrupt lets the build tidy up; a second one kills it.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	env := ninjacmd.Env{Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv, Environ: os.Environ(),
		StoreDir: place.StoreDir("", os.Getenv), BuildID: place.BuildID(), Working: place.Work, Large: place.WorkMuch}
	os.Exit(ninjacmd.Main(ctx, env, os.Args[1:]))
}
