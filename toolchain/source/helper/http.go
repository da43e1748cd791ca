package helper

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"erg.build/erg/toolchain/source"
)

// tries is how often a download is begun before it counts as failed, and pause
// the time between the first two.
const tries = 3

var pause = 500 * time.Millisecond

// Download writes the file of a URL to w; the error is a *source.DownloadError if it
// is not w's. It runs FetchProgram, but for programs that have a web client anyway.
var Download = runFetch

// FetchProgram is the name of the program that gets files by HTTP: it writes
// the one that its argument names to standard output, or, ending with 1, a
// source.DownloadError in JSON to standard error.
const FetchProgram = "erg-fetch"

func runFetch(ctx context.Context, address string, w io.Writer) error {
	program, err := findFetch()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, program, address)
	out := &written{w: w}
	var text strings.Builder
	cmd.Stdout, cmd.Stderr = out, &text
	err = cmd.Run()
	var failed source.DownloadError
	switch {
	case out.err != nil:
		return out.err
	case err == nil:
		return nil
	case json.Unmarshal([]byte(text.String()), &failed) == nil:
		return &failed
	}
	return fmt.Errorf("%s: %w: %s", FetchProgram, err, strings.TrimSpace(text.String()))
}

func findFetch() (string, error) {
	if self, err := os.Executable(); err == nil {
		program := filepath.Join(filepath.Dir(self), FetchProgram)
		if _, err := os.Stat(program); err == nil {
			return program, nil
		}
	}
	program, err := exec.LookPath(FetchProgram)
	if err != nil {
		return "", hinted(errors.New("the program "+FetchProgram+" is missing"), "it is built with erg, and lies beside it or on PATH")
	}
	return program, nil
}

// written notes the error of who is written to.
type written struct {
	w   io.Writer
	err error
}

func (w *written) Write(p []byte) (int, error) {
	n, err := w.w.Write(p)
	if w.err == nil {
		w.err = err
	}
	return n, err
}

// fetchURL downloads a file, or copies one of this machine. f and v are what
// w writes to: they begin anew with each try.
func fetchURL(ctx context.Context, r Request, f *os.File, v *source.Verifier, w *bounded) error {
	if !strings.Contains(r.Address, "://") {
		return copyFile(w, r.path(r.Address))
	}
	u, err := url.Parse(r.Address)
	if err != nil {
		return fmt.Errorf("%q is no URL", source.Redact(r.Address))
	}
	switch u.Scheme {
	case "file":
		return copyFile(w, u.Path)
	case "http", "https":
	default:
		return fmt.Errorf("%q: erg fetches http, https and file", u.Scheme)
	}
	for i := 1; ; i++ {
		err := Download(ctx, u.String(), w)
		if err == nil {
			return nil
		}
		var failed *source.DownloadError
		if ctx.Err() != nil || i == tries || !errors.As(err, &failed) || !failed.Again {
			return urlError(u, err)
		}
		if _, serr := f.Seek(0, io.SeekStart); serr != nil {
			return serr
		}
		if terr := f.Truncate(0); terr != nil {
			return terr
		}
		v.Reset()
		w.left = w.most
		select {
		case <-time.After(pause << (i - 1)):
		case <-ctx.Done():
		}
	}
}

func urlError(u *url.URL, err error) error {
	var failed *source.DownloadError
	if !errors.As(err, &failed) {
		return err
	}
	hint := "is the URL right?"
	if failed.Offline {
		hint = offlineHint
	}
	return hinted(fmt.Errorf("cannot fetch %s: %s", source.Redact(u.String()), failed.Text), "%s", hint)
}
