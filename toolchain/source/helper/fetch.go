package helper

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"erg.build/erg/toolchain/source"
)

// A Request says what to fetch.
type Request struct {
	Kind    source.Kind // or "file", for a file that was fetched before
	Address string
	Rev     string
	Dir     string // where relative paths begin and npm looks for its configuration; "" for here
	Most    int64  // bytes that it may have
}

// Fetch writes what is asked for to the file out, and returns its integrity,
// with the digest that want has ("": sha512), and a note for people, if any.
func Fetch(ctx context.Context, r Request, out string, want source.Integrity) (source.Integrity, string, error) {
	v := source.NewVerifier()
	if want != "" {
		v = want.Verifier()
	}
	f, err := os.Create(out)
	if err != nil {
		return "", "", err
	}
	note := ""
	w := &bounded{w: io.MultiWriter(f, v), left: r.Most, most: r.Most}
	switch r.Kind {
	case source.NPM:
		err = fetchNPM(ctx, r, out+".work", w)
	case source.URL:
		err = fetchURL(ctx, r, f, v, w)
	case source.Git:
		note, err = fetchGit(ctx, r, out+".work", w)
	case "file":
		err = copyFile(w, r.path(r.Address))
	default:
		err = errUsage
	}
	if err = errors.Join(err, f.Close()); err != nil {
		os.Remove(out)
		if ctx.Err() != nil {
			err = errors.New("interrupted")
		}
		return "", "", err
	}
	return v.Integrity(), note, nil
}

// path is a path of the machine, which r may name relative to its directory.
func (r Request) path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(r.Dir, name)
}

// bounded refuses to be written more than so many bytes.
type bounded struct {
	w          io.Writer
	left, most int64
}

func (b *bounded) Write(p []byte) (int, error) {
	if b.left -= int64(len(p)); b.left < 0 {
		return 0, hinted(fmt.Errorf("what is fetched has more than %d bytes", b.most), "if that is right, raise max_size")
	}
	return b.w.Write(p)
}

func copyFile(w io.Writer, name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(w, f)
	return err
}

// scratch makes an empty directory in the place of what an interrupted run may
// have left.
func scratch(dir string) error {
	return errors.Join(os.RemoveAll(dir), os.Mkdir(dir, 0o777))
}

const offlineHint = "what was fetched once comes from the store of this user, without a network; this was not, or the store was removed"
