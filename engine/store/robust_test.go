package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"

	"erg.build/erg/engine/digest"
	"erg.build/erg/engine/fsys"
	"erg.build/erg/engine/fsys/fault"
)

// More files from one blob than a file may have hard links.
func TestManyFilesOfOneBlob(t *testing.T) {
	n := 70_000
	if testing.Short() {
		n = 100
	}
	dir := t.TempDir()
	s := Open(fsys.OS{}, filepath.Join(dir, "store"))
	d := put(t, filepath.Join(dir, "file"), "content")
	if err := s.Add(d, filepath.Join(dir, "file")); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		out := filepath.Join(dir, fmt.Sprint("out", i))
		if err := s.Restore(d, out+".tmp~", out, false); err != nil {
			t.Fatalf("file %d: %v", i, err)
		}
	}
	if b, _ := os.ReadFile(filepath.Join(dir, fmt.Sprint("out", n-1))); string(b) != "content" {
		t.Errorf("got %q", b)
	}
}

// A large blob is no hard link either, in the store and when it came back.
func TestNoHardLinks(t *testing.T) {
	dir := t.TempDir()
	s := Open(fsys.OS{}, filepath.Join(dir, "store"))
	file, out := filepath.Join(dir, "file"), filepath.Join(dir, "out")
	d := put(t, file, strings.Repeat("content", packMax))
	if err := errors.Join(s.Add(d, file), s.Restore(d, out+".tmp~", out, false)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{file, out, s.blobPath(d)} {
		var st syscall.Stat_t
		if err := syscall.Stat(name, &st); err != nil || st.Nlink != 1 {
			t.Errorf("%s has %d links, %v", name, st.Nlink, err)
		}
	}
}

// readOnly is a file system that is mounted so, which holds for root too.
type readOnly struct{ fsys.OS }

func (f readOnly) OpenFile(name string, flag int, perm fs.FileMode) (fsys.File, error) {
	if flag&(os.O_WRONLY|os.O_RDWR|os.O_CREATE) != 0 {
		return nil, &fs.PathError{Op: "open", Path: name, Err: syscall.EROFS}
	}
	return f.OS.OpenFile(name, flag, perm)
}

func (readOnly) MkdirAll(name string, _ fs.FileMode) error {
	return &fs.PathError{Op: "mkdir", Path: name, Err: syscall.EROFS}
}

func (readOnly) Rename(from, to string) error {
	return &os.LinkError{Op: "rename", Old: from, New: to, Err: syscall.EROFS}
}

func (readOnly) Remove(name string) error {
	return &fs.PathError{Op: "remove", Path: name, Err: syscall.EROFS}
}

// A store that cannot be written gives what it has.
func TestReadOnly(t *testing.T) {
	dir := t.TempDir()
	s := Open(fsys.OS{}, dir)
	s.step = 1
	file := filepath.Join(t.TempDir(), "file")
	small, key := put(t, file, "content"), digest.OfString("key")
	if err := errors.Join(s.Add(small, file), s.Put(key, entry("content"))); err != nil {
		t.Fatal(err)
	}
	large := put(t, file, strings.Repeat("content", packMax))
	if err := errors.Join(s.Add(large, file), s.Close()); err != nil {
		t.Fatal(err)
	}
	for _, indexed := range []bool{true, false} {
		if !indexed {
			names, _ := filepath.Glob(filepath.Join(dir, "packs", "*"+indexSuffix))
			if len(names) == 0 {
				t.Fatal("there are no indexes")
			}
			for _, n := range names {
				os.Remove(n)
			}
		}
		ro := Open(readOnly{}, dir)
		ro.step = 1
		if got := ro.Lookup(key); !reflect.DeepEqual(got, []Entry{entry("content")}) || !ro.Has(got[0]) {
			t.Errorf("got %+v", got)
		}
		for _, d := range []digest.Digest{small, large} {
			if _, err := ro.Read(d); err != nil {
				t.Error(err)
			}
		}
		if err := ro.Put(key, entry("new")); !errors.Is(err, syscall.EROFS) {
			t.Errorf("put: %v", err)
		}
		if err := ro.Close(); err != nil {
			t.Error(err)
		}
	}
}

// The disk is full from some write on, and stays so: what was stored before
// is there, nothing else, and later there is room again.
func TestFullDisk(t *testing.T) {
	for n := 1; ; n++ {
		dir := t.TempDir()
		full := true
		writes := 0
		f := &fault.FS{Decide: func(op fault.Op) fault.Fault {
			if op.Name != "write" {
				return fault.Fault{}
			}
			if writes++; !full || writes < n {
				return fault.Fault{}
			}
			return fault.Fault{Err: syscall.ENOSPC, Short: n % 50}
		}}
		s := Open(f, filepath.Join(dir, "store"))
		s.step = 1
		stored := 0
		for i := range 3 {
			text := fmt.Sprint("content ", i)
			d := put(t, filepath.Join(dir, "file"), text)
			if errors.Join(s.Add(d, filepath.Join(dir, "file")), s.Put(d, entry(text))) == nil {
				stored++
			}
		}
		s.Close()
		if last := writes < n; last {
			if stored != 3 {
				t.Errorf("%d stored, with room for all", stored)
			}
			return
		}
		full = false
		for range 2 {
			for i := range 3 {
				text := fmt.Sprint("content ", i)
				d := digest.OfString(text)
				got := s.Lookup(d)
				if i < stored && (len(got) != 1 || !s.Has(got[0])) || len(got) > 0 && !reflect.DeepEqual(got[0], entry(text)) {
					t.Errorf("full from write %d on: of %d that were stored, %d is %+v", n, stored, i, got)
				}
				put(t, filepath.Join(dir, "file"), text)
				if err := errors.Join(s.Add(d, filepath.Join(dir, "file")), s.Put(d, entry(text))); err != nil {
					t.Error(err)
				}
			}
			stored = 3
			s.Close()
		}
		noLitter(t, dir)
	}
}

// noLinks is a file system that counts no links.
type noLinks struct{ fsys.OS }

func (f noLinks) OpenFile(name string, flag int, perm fs.FileMode) (fsys.File, error) {
	file, err := f.OS.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err
	}
	return noLinksFile{file}, nil
}

type noLinksFile struct{ fsys.File }

func (f noLinksFile) Stat() (fs.FileInfo, error) {
	fi, err := f.File.Stat()
	return noLinksInfo{fi}, err
}

type noLinksInfo struct{ fs.FileInfo }

func (noLinksInfo) Sys() any { return &syscall.Stat_t{} }

func TestNoLinks(t *testing.T) {
	s := Open(noLinks{}, t.TempDir())
	key := digest.OfString("key")
	for range 2 {
		if err := s.Put(key, entry("content")); err != nil {
			t.Fatal(err)
		}
		if got := s.Lookup(key); !reflect.DeepEqual(got, []Entry{entry("content")}) {
			t.Fatalf("got %+v", got)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
