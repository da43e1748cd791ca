package app

import (
	"context"
	"os"

	"erg.build/erg/cmd/erg/internal/cli"
	"erg.build/erg/cmd/erg/internal/ninjacmd"
	"erg.build/erg/cmd/erg/internal/place"
)

// Ninja implements cli.App.
func (App) Ninja(ctx context.Context, c cli.Common, args []string) error {
	env := ninjacmd.Env{Stdout: c.Stdout, Stderr: c.Stderr, Getenv: c.Getenv, Environ: os.Environ(), StoreDir: place.StoreDir(c.Store, c.Getenv), BuildID: place.BuildID(), Working: place.Work, Large: place.WorkMuch}
	if code := ninjacmd.Main(ctx, env, args); code != 0 {
		return &cli.ProgramError{Code: code}
	}
	return nil
}
