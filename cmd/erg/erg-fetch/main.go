// Command erg-fetch gets a file by HTTP, for erg: see helper.FetchProgram.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"erg.build/erg/toolchain/source"
	"erg.build/erg/toolchain/source/download"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: erg-fetch URL")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := download.Get(ctx, os.Args[1], os.Stdout)
	stop()
	if err == nil {
		return
	}
	failed := &source.DownloadError{Text: err.Error()}
	errors.As(err, &failed)
	json.NewEncoder(os.Stderr).Encode(failed)
	os.Exit(1)
}
