package sandbox

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// private are directories of which each run gets its own, empty and writable.
var private = []string{"/tmp", "/dev/shm"}[:2:2]

// Hidden reports whether a run sees nothing of a path, absolute, unless that is
// mounted: it lies in the workspace, or in a directory that is private.
func Hidden(root, path string) bool {
	for _, dir := range append([]string{root}, private...) {
		if _, ok := below(dir, path); ok {
			return true
		}
	}
	return false
}

// HiddenBy is the directory, of those that each run has of its own, in which a
// path lies; "" for none.
func HiddenBy(path string) string {
	for _, dir := range private {
		if _, ok := below(dir, path); ok {
			return dir
		}
	}
	return ""
}

// enter gives the calling thread, which must be locked and must end after the
// run, a mount namespace in which only what r asks for can be seen.
//
// The order matters. First all that exists becomes read-only, so that every
// bind mount made afterwards inherits that and costs one call. Inputs are
// mounted while their real paths can still be reached; the view is then moved
// over the root with them, as one subtree. What may be hidden by then (the
// root or a source can be below /tmp) is reached through descriptors.
func enter(r *request) error {
	if err := unix.Unshare(unix.CLONE_NEWNS | unix.CLONE_NEWIPC); err != nil {
		return failed("unshare", "", err)
	}
	if err := setReadOnly("/", true, true); err != nil {
		return failed("make read-only", "/", err)
	}
	// nested sandboxes write their id maps there; absent rights, it stays
	setReadOnly("/proc", false, false)

	s := r.Spec
	view, err := mountView(s)
	if err != nil {
		return err
	}
	defer unix.Close(view)
	extra, err := openExtras(s)
	defer func() {
		for _, m := range extra {
			unix.Close(m.fd)
		}
	}()
	if err != nil {
		return err
	}
	if err := mountPrivate(append(private, s.Hide...), s.Root, r.Root); err != nil {
		return err
	}
	if err := unix.Mount(fdPath(view), r.Root, "", unix.MS_MOVE, ""); err != nil {
		return failed("mount the view over", r.Root, err)
	}
	for _, m := range extra {
		if err := m.mount(); err != nil {
			return err
		}
	}
	return nil
}

// mountView makes a mount of the view, where it is, with the inputs in it.
// The descriptor refers to that mount.
func mountView(s *Spec) (int, error) {
	view := s.View()
	if err := unix.Mount(view, view, "", unix.MS_BIND, ""); err != nil {
		return -1, failed("bind", view, err)
	}
	if err := setReadOnly(view, false, false); err != nil {
		return -1, failed("make writable", view, err)
	}
	fd, err := unix.Open(view, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, failed("open", view, err)
	}
	// Targets relative to the view spare the kernel half of each walk. The
	// thread has a working directory of its own since unshare.
	if err := unix.Fchdir(fd); err != nil {
		unix.Close(fd)
		return -1, failed("change to directory", view, err)
	}
	for _, m := range s.Inputs {
		if err := unix.Mount(m.Source, m.At, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
			unix.Close(fd)
			return -1, failed("bind input", m.Source, err)
		}
	}
	return fd, nil
}

// An extra is a directory to mount once the view and /tmp are in place.
type extra struct {
	fd       int // of the source
	at       string
	source   string
	writable bool
}

func openExtras(s *Spec) (list []extra, err error) {
	add := func(mounts []Mount, writable bool) error {
		for _, m := range mounts {
			fd, err := unix.Open(m.Source, unix.O_PATH|unix.O_CLOEXEC, 0)
			if err != nil {
				return failed("open", m.Source, err)
			}
			list = append(list, extra{fd, m.at(), m.Source, writable})
		}
		return nil
	}
	if err = add(s.ReadOnly, false); err == nil {
		err = add(s.Writable, true)
	}
	return list, err
}

func (m extra) mount() error {
	if err := m.makePlace(); err != nil {
		return failed("create mount point", m.at, err)
	}
	if err := unix.Mount(fdPath(m.fd), m.at, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return failed("bind "+m.source+" at", m.at, err)
	}
	if m.writable {
		return failed("make writable", m.at, setReadOnly(m.at, false, false))
	}
	return nil
}

// makePlace creates the mount point below a private directory. Below the
// root prepare has made it; elsewhere it must be there, as all is read-only.
func (m extra) makePlace() error {
	if err := unix.Access(m.at, unix.F_OK); err != unix.ENOENT {
		return err
	}
	var st unix.Stat_t
	if err := unix.Fstat(m.fd, &st); err != nil {
		return err
	}
	if st.Mode&unix.S_IFMT == unix.S_IFDIR {
		return os.MkdirAll(m.at, 0o777)
	}
	if err := os.MkdirAll(filepath.Dir(m.at), 0o777); err != nil {
		return err
	}
	return unix.Mknod(m.at, unix.S_IFREG|0o444, 0)
}

// mountPrivate covers directories: the shared ones for temporary files, and
// what is to be hidden. It makes the way to the root again if it leads through
// one; alias is another name of the root, by way of symlinks.
func mountPrivate(dirs []string, alias, root string) error {
	for _, dir := range dirs {
		var st unix.Stat_t
		if err := unix.Stat(dir, &st); err != nil || st.Mode&unix.S_IFMT != unix.S_IFDIR {
			continue
		}
		if root == dir {
			continue // the view will cover it
		}
		if err := unix.Mount("tmpfs", dir, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=1777"); err != nil {
			return failed("mount a tmpfs on", dir, err)
		}
		if err := wayTo(dir, alias, root); err != nil {
			return failed("make the way to", alias, err)
		}
	}
	return nil
}

func wayTo(dir, alias, root string) error {
	if _, in := below(dir, root); in {
		if err := os.MkdirAll(root, 0o777); err != nil {
			return err
		}
	}
	if _, in := below(dir, alias); !in || alias == root {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(alias), 0o777); err != nil {
		return err
	}
	return os.Symlink(root, alias)
}

func fdPath(fd int) string { return fmt.Sprintf("/proc/self/fd/%d", fd) }

// setReadOnly makes the mount at path read-only or writable, recursive: and
// those below it, and takes them out of all mount propagation.
func setReadOnly(path string, ro, recursive bool) error {
	attr := unix.MountAttr{Attr_clr: unix.MOUNT_ATTR_RDONLY}
	if ro {
		attr = unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY}
	}
	var flags uint = unix.AT_NO_AUTOMOUNT
	if recursive {
		flags |= unix.AT_RECURSIVE
		attr.Propagation = unix.MS_PRIVATE
	}
	err := unix.MountSetattr(unix.AT_FDCWD, path, flags, &attr)
	if err != unix.ENOSYS {
		return err
	}
	return remountReadOnly(path, ro, recursive)
}

// remountReadOnly is setReadOnly for kernels before 5.12.
func remountReadOnly(path string, ro, recursive bool) error {
	if recursive {
		if err := unix.Mount("", path, "", unix.MS_PRIVATE|unix.MS_REC, ""); err != nil {
			return err
		}
	}
	table, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(table)) {
		at, flags, ok := parseMount(line)
		if !ok || at != path && !(recursive && (path == "/" || strings.HasPrefix(at, path+"/"))) {
			continue
		}
		flags &^= unix.MS_RDONLY
		if ro {
			flags |= unix.MS_RDONLY
		}
		err := unix.Mount("", at, "", unix.MS_REMOUNT|unix.MS_BIND|flags, "")
		// A mount that another one hides cannot be reached, nor be written to.
		if err != nil && !(recursive && at != path) {
			return err
		}
	}
	return nil
}

var mountFlags = map[string]uintptr{
	"ro": unix.MS_RDONLY, "nosuid": unix.MS_NOSUID, "nodev": unix.MS_NODEV, "noexec": unix.MS_NOEXEC,
	"noatime": unix.MS_NOATIME, "nodiratime": unix.MS_NODIRATIME, "relatime": unix.MS_RELATIME,
}

// parseMount reads the mount point and its flags from a line of mountinfo
// (proc_pid_mountinfo(5)). A namespace's owner must repeat flags to keep them.
func parseMount(line string) (at string, flags uintptr, ok bool) {
	f := strings.Fields(line)
	if len(f) < 6 {
		return "", 0, false
	}
	for opt := range strings.SplitSeq(f[5], ",") {
		flags |= mountFlags[opt]
	}
	return unescape.Replace(f[4]), flags, true
}

var unescape = strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`)
