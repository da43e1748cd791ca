package sandbox

import (
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// prepare creates the stage and the view: directories, and for each input a
// symlink or, for namespaces, an empty place to mount it on. All of this is
// done here and not in the helper, as it needs no privilege.
func prepare(s *Spec) error {
	if err := s.check(); err != nil {
		return err
	}
	if s.Method == None {
		return failed("create", s.WorkDir(), os.MkdirAll(s.WorkDir(), 0o777))
	}
	b := &builder{view: s.View(), made: map[string]bool{".": true, "": true}}
	if err := os.MkdirAll(b.view, 0o777); err != nil {
		return failed("create", b.view, err)
	}
	if s.Method != Namespaces {
		if err := os.MkdirAll(s.tmp(), 0o777); err != nil {
			return failed("create", s.tmp(), err)
		}
	}
	for _, d := range append([]string{s.Dir}, s.MakeDirs...) {
		if err := b.mkdir(d); err != nil {
			return err
		}
	}
	for _, m := range s.Copies {
		if err := b.copy(m); err != nil {
			return err
		}
	}
	for _, m := range s.shown() {
		place := b.symlink
		if s.Method == Namespaces {
			place = b.mountPoint
		}
		if err := place(m); err != nil {
			return err
		}
	}
	if s.Method != Namespaces {
		return nil
	}
	for _, list := range [][]Mount{s.Writable, s.ReadOnly} {
		for _, m := range list {
			if at, ok := below(s.Root, m.at()); ok {
				if err := b.mountPoint(Mount{At: at, Source: m.Source}); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// shown are the inputs once each, without those that another input, a
// directory, shows at the same place already.
func (s *Spec) shown() []Mount {
	at := make(map[string]string, len(s.Inputs))
	for _, m := range s.Inputs {
		at[m.At] = m.Source
	}
	seen := make(map[string]bool, len(s.Inputs))
	shown := make([]Mount, 0, len(s.Inputs))
	for _, m := range s.Inputs {
		if !seen[m.At] && !covered(at, m) {
			shown = append(shown, m)
			seen[m.At] = true
		}
	}
	return shown
}

func covered(at map[string]string, m Mount) bool {
	for dir := path.Dir(m.At); dir != "."; dir = path.Dir(dir) {
		if src, ok := at[dir]; ok {
			return filepath.Join(src, m.At[len(dir):]) == m.Source
		}
	}
	return false
}

// A builder creates entries of a view.
type builder struct {
	view  string
	made  map[string]bool // directories that are there
	empty string          // an empty file to link to, or ""
}

func (b *builder) mkdir(dir string) error {
	if b.made[dir] {
		return nil
	}
	if err := b.mkdir(path.Dir(dir)); err != nil {
		return err
	}
	full := filepath.Join(b.view, dir)
	if err := os.Mkdir(full, 0o777); err != nil && !os.IsExist(err) {
		return failed("create", full, err)
	}
	b.made[dir] = true
	return nil
}

func (b *builder) symlink(m Mount) error {
	if err := b.mkdir(path.Dir(m.At)); err != nil {
		return err
	}
	if err := unix.Access(m.Source, unix.F_OK); err != nil {
		return failed("show input", m.Source, err)
	}
	full := filepath.Join(b.view, m.At)
	return failed("create symlink", full, unix.Symlink(m.Source, full))
}

// copy gives the process a file of its own. Its time is the source's: tools
// compare them.
func (b *builder) copy(m Mount) error {
	if err := b.mkdir(path.Dir(m.At)); err != nil {
		return err
	}
	from, err := os.Open(m.Source)
	if err != nil {
		return failed("copy", m.Source, err)
	}
	defer from.Close()
	st, err := from.Stat()
	if err != nil {
		return failed("copy", m.Source, err)
	}
	full := filepath.Join(b.view, m.At)
	to, err := os.OpenFile(full, os.O_WRONLY|os.O_CREATE|os.O_EXCL, st.Mode().Perm()|0o200)
	if os.IsExist(err) {
		return nil // it is there twice
	}
	if err != nil {
		return failed("copy to", full, err)
	}
	_, err = io.Copy(to, from)
	if e := to.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Chtimes(full, st.ModTime(), st.ModTime())
	}
	return failed("copy to", full, err)
}

// mountPoint creates an empty file or directory, as the source is. All empty
// files are links to one: on ext4 a new inode costs between 10 and 250 µs, a
// link 5. Nobody writes to them, and the change of ctime concerns nobody.
func (b *builder) mountPoint(m Mount) error {
	var st unix.Stat_t
	if err := unix.Stat(m.Source, &st); err != nil {
		return failed("show", m.Source, err)
	}
	if st.Mode&unix.S_IFMT == unix.S_IFDIR {
		return b.mkdir(m.At)
	}
	if err := b.mkdir(path.Dir(m.At)); err != nil {
		return err
	}
	full := filepath.Join(b.view, m.At)
	err := unix.ENOENT
	if b.empty != "" {
		err, _ = unix.Link(b.empty, full).(unix.Errno)
	}
	switch err {
	case unix.ENOENT, unix.EMLINK, unix.EPERM, unix.EOPNOTSUPP: // the first, or no more links
		b.empty = full
		err, _ = unix.Mknod(full, unix.S_IFREG|0o444, 0).(unix.Errno)
	}
	if err == unix.EEXIST {
		err = 0
	}
	if err != 0 {
		return failed("create mount point", full, err)
	}
	return nil
}

// below is path relative to dir, if it lies below it.
func below(dir, path string) (string, bool) {
	rest, ok := strings.CutPrefix(filepath.Clean(path), strings.TrimSuffix(filepath.Clean(dir), "/")+"/")
	return rest, ok && rest != ""
}
