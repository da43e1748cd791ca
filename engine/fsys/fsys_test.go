package fsys

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// StatAt tells the same as Stat.
func TestStatAt(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "d"), 0o755); err != nil {
		t.Fatal(err)
	}
	os.WriteFile(filepath.Join(dir, "d/file"), []byte("text"), 0o640)
	os.Symlink("d/file", filepath.Join(dir, "link"))
	d, err := os.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for _, name := range []string{"d", "d/file", "link", filepath.Join(dir, "d/file"), "/dev/null", "."} {
		full := name
		if !filepath.IsAbs(name) {
			full = filepath.Join(dir, name)
		}
		var want syscall.Stat_t
		if err := syscall.Stat(full, &want); err != nil {
			t.Fatal(err)
		}
		var st unix.Statx_t
		if err := (OS{}).StatAt(int(d.Fd()), []byte(name+"\x00"), &st); err != nil {
			t.Fatal(name, err)
		}
		if unix.Mkdev(st.Dev_major, st.Dev_minor) != want.Dev || st.Ino != want.Ino || int64(st.Size) != want.Size || uint32(st.Mode) != want.Mode ||
			st.Mtime.Sec*1e9+int64(st.Mtime.Nsec) != want.Mtim.Nano() || st.Ctime.Sec*1e9+int64(st.Ctime.Nsec) != want.Ctim.Nano() {
			t.Errorf("%s: %+v, want %+v", name, st, want)
		}
	}
	var st unix.Statx_t
	if err := (OS{}).StatAt(int(d.Fd()), []byte("nosuch\x00"), &st); err != syscall.ENOENT {
		t.Errorf("got %v", err)
	}
	for _, bad := range []string{"", "unterminated"} {
		if err := (OS{}).StatAt(int(d.Fd()), []byte(bad), &st); err != unix.EINVAL {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if n := testing.AllocsPerRun(10, func() { (OS{}).StatAt(int(d.Fd()), []byte("d/file\x00"), &st) }); n > 1 {
		t.Errorf("%v allocations", n)
	}
}

type short struct{}

func (short) Write(b []byte) (int, error) { return len(b) / 2, nil }

func TestWriteFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "file")
	for _, text := range []string{"first", ""} {
		if err := WriteFile(OS{}, name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		if b, err := ReadFile(OS{}, name); err != nil || string(b) != text {
			t.Errorf("read %q, %v", b, err)
		}
	}
	if err := WriteAll(short{}, []byte("text")); !errors.Is(err, io.ErrShortWrite) {
		t.Errorf("got %v", err)
	}
	if err := WriteFile(OS{}, filepath.Join(name, "below"), nil, 0o666); !errors.Is(err, syscall.ENOTDIR) {
		t.Errorf("got %v", err)
	}
}
