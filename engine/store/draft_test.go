package store

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"erg.build/erg/engine/fsys"
	"erg.build/erg/engine/fsys/fault"
)

// files lists what lies in a store, but for what it notes of uses.
func files(t *testing.T, dir string) (names []string) {
	t.Helper()
	err := filepath.Walk(dir, func(name string, fi os.FileInfo, err error) error {
		if err == nil && fi.Mode().IsRegular() {
			names = append(names, name)
		}
		return err
	})
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return names
}

func TestDraft(t *testing.T) {
	dir := t.TempDir()
	s := Open(fsys.OS{}, filepath.Join(dir, "store"))
	text := strings.Repeat("content", packMax)
	want := put(t, filepath.Join(dir, "file"), text)
	draft := func() *Draft {
		f, err := os.Open(filepath.Join(dir, "file"))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		var shown bytes.Buffer
		d, err := s.Draft(f, &shown)
		if err != nil || d.Digest != want || d.Size != int64(len(text)) || shown.String() != text {
			t.Fatalf("%+v, %v, showed %d bytes", d, err, shown.Len())
		}
		return d
	}
	dropped := draft()
	if _, err := s.Read(want); !errors.Is(err, ErrAbsent) {
		t.Errorf("a draft is a blob: %v", err)
	}
	dropped.Drop()
	if got := files(t, s.dir); len(got) > 0 {
		t.Errorf("a draft was dropped, and there are %q", got)
	}
	for range 2 { // the second finds the blob there
		d := draft()
		if err := errors.Join(d.Keep(), d.Keep()); err != nil {
			t.Fatal(err)
		}
		d.Drop() // of what was kept nothing is to go
		if b, err := s.Read(want); err != nil || string(b) != text {
			t.Errorf("%v, %d bytes", err, len(b))
		}
		if got := files(t, s.dir); len(got) != 1 {
			t.Errorf("there are %q", got)
		}
	}
	var none *Draft
	none.Drop()
}

// Whatever fails, nothing is left behind.
func TestDraftFails(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	put(t, file, strings.Repeat("content", packMax))
	for n := 1; ; n++ {
		failed := false
		fsy := &fault.FS{Decide: func(op fault.Op) fault.Fault {
			if op.N != n || op.Name == "remove" {
				return fault.Fault{}
			}
			failed = true
			return fault.Fault{Err: syscall.ENOSPC}
		}}
		s := Open(fsy, filepath.Join(dir, "store"))
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		d, err := s.Draft(f, nil)
		f.Close()
		if err == nil {
			err = d.Keep()
		}
		got := files(t, s.dir)
		switch {
		case err == nil && len(got) != 1, err != nil && len(got) > 0:
			t.Errorf("call %d, %v: there are %q", n, err, got)
		case err != nil && !errors.Is(err, syscall.ENOSPC):
			t.Errorf("call %d: %v", n, err)
		}
		if !failed {
			break
		}
		os.RemoveAll(s.dir)
	}
}
