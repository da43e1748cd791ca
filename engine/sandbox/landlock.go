package sandbox

import (
	"fmt"
	"os"
	"path/filepath"
	"unsafe"

	"erg.build/erg/engine/exec/spawn"
	"golang.org/x/sys/unix"
)

// Landlock lets a thread give up rights to files, for itself and for all that
// it starts. Rules only ever allow, and allow whole subtrees, so "all but the
// workspace" has to be spelt out: of each directory on the way to the root,
// every entry that is not on the way. What cannot be said: the directories on
// the way cannot be listed, and names (not contents) in the workspace can be
// probed with stat.

const (
	llRead = unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_READ_DIR
	// llFile are the rights that mean something for what is no directory.
	llFile = unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_READ_FILE |
		unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_TRUNCATE
	llAll2 = llRead | unix.LANDLOCK_ACCESS_FS_WRITE_FILE |
		unix.LANDLOCK_ACCESS_FS_REMOVE_DIR | unix.LANDLOCK_ACCESS_FS_REMOVE_FILE |
		unix.LANDLOCK_ACCESS_FS_MAKE_CHAR | unix.LANDLOCK_ACCESS_FS_MAKE_DIR |
		unix.LANDLOCK_ACCESS_FS_MAKE_REG | unix.LANDLOCK_ACCESS_FS_MAKE_SOCK |
		unix.LANDLOCK_ACCESS_FS_MAKE_FIFO | unix.LANDLOCK_ACCESS_FS_MAKE_BLOCK |
		unix.LANDLOCK_ACCESS_FS_MAKE_SYM | unix.LANDLOCK_ACCESS_FS_REFER
)

// landlockABI is the kernel's version of the interface, or why there is none.
func landlockABI() (int, error) {
	abi, _, e := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if e != 0 {
		return 0, e
	}
	return int(abi), nil
}

// probeLandlock: version 1 forbids all renames between directories, which
// breaks ordinary tools; it does not count.
func probeLandlock() error {
	abi, err := landlockABI()
	if err != nil {
		return fmt.Errorf("landlock: the kernel does not have it, or not enabled: %w", err)
	}
	if abi < 2 {
		return fmt.Errorf("landlock: the kernel has version %d, need 2", abi)
	}
	return nil
}

// startRestricted starts a process from a thread that has given up its
// rights and ends afterwards.
func startRestricted(s *Spec, a *spawn.Attr) (spawn.Process, error) {
	set, err := ruleset(s)
	if err != nil {
		return nil, err
	}
	defer set.close()
	type started struct {
		child *spawn.Child
		err   error
	}
	ch := make(chan started)
	onFreshThread(func() {
		if err := set.restrict(); err != nil {
			ch <- started{err: err}
			return
		}
		child, err := spawn.Start(a)
		ch <- started{child, err}
	})
	st := <-ch
	if st.err != nil {
		return nil, st.err
	}
	return st.child, nil
}

// rules is a Landlock ruleset.
type rules struct {
	fd      int
	handled uint64
}

func newRules() (*rules, error) {
	abi, err := landlockABI()
	if err != nil {
		return nil, failed("ask for Landlock", "", err)
	}
	r := &rules{handled: llAll2}
	if abi >= 3 {
		r.handled |= unix.LANDLOCK_ACCESS_FS_TRUNCATE
	}
	// Only the first field: every version of the kernel takes that.
	attr := unix.LandlockRulesetAttr{Handled_access_fs: r.handled}
	fd, _, e := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET,
		uintptr(unsafe.Pointer(&attr)), unsafe.Sizeof(attr.Handled_access_fs), 0)
	if e != 0 {
		return nil, failed("create a Landlock ruleset", "", e)
	}
	r.fd = int(fd)
	unix.CloseOnExec(r.fd)
	return r, nil
}

func (r *rules) close() { unix.Close(r.fd) }

// allow allows rights to path and all below it.
func (r *rules) allow(path string, rights uint64) error {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return failed("open", path, err)
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return failed("stat", path, err)
	}
	if st.Mode&unix.S_IFMT != unix.S_IFDIR {
		rights &= llFile
	}
	attr := unix.LandlockPathBeneathAttr{Allowed_access: rights & r.handled, Parent_fd: int32(fd)}
	_, _, e := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(r.fd), unix.LANDLOCK_RULE_PATH_BENEATH,
		uintptr(unsafe.Pointer(&attr)), 0, 0, 0)
	if e != 0 {
		return failed("allow", path, e)
	}
	return nil
}

// restrict takes from the calling thread, which must be locked, all rights
// but those allowed.
func (r *rules) restrict() error {
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return failed("give up new privileges", "", err)
	}
	if _, _, e := unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, uintptr(r.fd), 0, 0); e != 0 {
		return failed("restrict the thread", "", e)
	}
	return nil
}

// ruleset is what a process in s may do.
func ruleset(s *Spec) (*rules, error) {
	root, err := filepath.EvalSymlinks(s.Root)
	if err != nil {
		return nil, failed("find", s.Root, err)
	}
	r, err := newRules()
	if err != nil {
		return nil, err
	}
	if err := r.fill(s, root); err != nil {
		r.close()
		return nil, err
	}
	return r, nil
}

func (r *rules) fill(s *Spec, root string) error {
	if err := r.allowAround(root); err != nil {
		return err
	}
	write := append([]string{s.Stage}, devices(root)...)
	for _, m := range s.Writable {
		write = append(write, m.Source)
	}
	for _, path := range write {
		if err := r.allow(path, r.handled); err != nil {
			return err
		}
	}
	for _, list := range [][]Mount{s.Inputs, s.ReadOnly} {
		for _, m := range list {
			if err := r.allow(m.Source, llRead); err != nil {
				return err
			}
		}
	}
	return nil
}

// devices are the shared places where every program may write. A directory
// that holds the root is none: the rule would allow the root as well.
func devices(root string) (list []string) {
	for _, dir := range []string{"/dev", "/proc", "/tmp"} {
		if _, in := below(dir, root); in || root == dir {
			continue
		}
		if _, err := os.Stat(dir); err == nil {
			list = append(list, dir)
		}
	}
	return list
}

// allowAround allows reading everything but what is below root.
func (r *rules) allowAround(root string) error {
	for dir := filepath.Dir(root); ; dir = filepath.Dir(dir) {
		entries, err := os.ReadDir(dir)
		if err != nil && !os.IsPermission(err) {
			return failed("list", dir, err)
		}
		for _, e := range entries {
			path := filepath.Join(dir, e.Name())
			if _, in := below(path, root); in || path == root || e.Type()&os.ModeSymlink != 0 {
				continue // a symlink's target has a rule of its own
			}
			if err := r.allow(path, llRead); err != nil && !vanished(err) {
				return err
			}
		}
		if dir == "/" {
			return nil
		}
	}
}

// vanished: an entry that was listed is gone, or not ours to open.
func vanished(err error) bool {
	e := errno(err)
	return e == unix.ENOENT || e == unix.EACCES || e == unix.EPERM
}
