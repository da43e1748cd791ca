package helper

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// fetchNPM has the npm client fetch a package, so that its configuration
// holds: registries, scopes, credentials, proxies, its cache.
func fetchNPM(ctx context.Context, r Request, work string, w io.Writer) error {
	npm, err := exec.LookPath("npm")
	if err != nil {
		return hinted(errors.New("it is fetched by the npm client, and there is no npm on PATH"), "install npm; "+offlineHint)
	}
	if err := scratch(work); err != nil {
		return err
	}
	defer os.RemoveAll(work)
	dest, err := filepath.Abs(work)
	if err != nil {
		return err
	}
	cmd := command(ctx, r.Dir, npm, "pack", r.Address, "--pack-destination", dest, "--ignore-scripts", "--workspaces=false", "--loglevel=error", "--no-update-notifier")
	out, err := output(cmd)
	if err != nil {
		return hinted(fmt.Errorf("npm pack %s failed:\n%s", r.Address, indent(out)), offlineHint)
	}
	found, err := filepath.Glob(filepath.Join(work, "*.tgz"))
	if err != nil || len(found) != 1 {
		return fmt.Errorf("npm pack %s made %d files, not one:\n%s", r.Address, len(found), indent(out))
	}
	return copyFile(w, found[0])
}

// command is a process that ends with ctx, gently at first.
func command(ctx context.Context, dir, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 2 * time.Second
	return cmd
}

// maxSaid is how much of what a program prints is passed on: its end, where
// programs say why they fail.
const maxSaid = 8 << 10

// output runs a process and returns what it printed.
func output(cmd *exec.Cmd) (string, error) {
	var b bytes.Buffer
	cmd.Stdout, cmd.Stderr = &b, &b
	err := cmd.Run()
	text := b.String()
	if err != nil && strings.TrimSpace(text) == "" {
		text = err.Error()
	}
	return text[max(0, len(text)-maxSaid):], err
}

func indent(text string) string {
	return "  " + strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n  ")
}
