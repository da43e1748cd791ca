package app

import (
	"context"
	"os"

	"erg.build/erg/cmd/erg/internal/cli"
	"erg.build/erg/cmd/erg/internal/ninjacmd"
)

// Ninja implements cli.App.
func (App) Ninja(ctx context.Context, c cli.Common, args []string) error {
	env := ninjacmd.Env{Stdout: c.Stdout, Stderr: c.Stderr, Getenv: c.Getenv, Environ: os.Environ(), StoreDir: storeDir(c), BuildID: buildID(), Working: work}
	if code := ninjacmd.Main(ctx, env, args); code != 0 {
		return &cli.ProgramError{Code: code}
	}
	return nil
}
