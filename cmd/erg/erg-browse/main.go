// Command erg-browse serves pages that show a Ninja graph. "erg ninja -t
// browse" starts it, with its own arguments.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"erg.build/erg/cmd/erg/internal/browse"
	"erg.build/erg/cmd/erg/internal/ninjacmd"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	env := ninjacmd.Env{Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv, Environ: os.Environ(), Browse: browse.Serve}
	os.Exit(ninjacmd.Main(ctx, env, os.Args[1:]))
}
