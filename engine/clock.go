package engine

import (
	"fmt"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"erg.build/erg/engine/trace"
)

// grain is how coarse the clock of file stamps may be: a file modified less
// than this before it was hashed could be modified again without a change of
// its stamp. Linux from 6.13 on hands out a finer stamp once somebody looked,
// on most file systems, which closes the gap.
const grain = 12 * time.Millisecond

// coarseNow reads the clock that stamps are taken from: whatever is modified
// from now on has a stamp that is not before it. Time.Now may be a tick, or
// more where ticks come late, ahead of it.
func coarseNow() int64 {
	var ts unix.Timespec
	if unix.ClockGettime(unix.CLOCK_REALTIME_COARSE, &ts) != nil {
		return 0
	}
	return ts.Nano()
}

var fineKernel = sync.OnceValue(func() bool {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return false
	}
	var major, minor int
	fmt.Sscanf(unix.ByteSliceToString(u.Release[:]), "%d.%d", &major, &minor)
	return major > 6 || major == 6 && minor >= 13
})

// overlayMagic is OVERLAYFS_SUPER_MAGIC: its stamps are those of the file
// system below.
const overlayMagic = 0x794c7630

// fineClock reports whether two modifications of a file of the workspace, of
// which the first was looked at, always have different stamps.
func fineClock(root string) bool {
	var st unix.Statfs_t
	if !fineKernel() || unix.Statfs(root, &st) != nil {
		return false
	}
	switch int64(st.Type) {
	case unix.EXT4_SUPER_MAGIC, unix.XFS_SUPER_MAGIC, unix.BTRFS_SUPER_MAGIC, unix.TMPFS_MAGIC, overlayMagic:
		return true
	}
	return false
}

// racy reports whether a file with this stamp, of which hashing began at the
// given time, may have been modified since without a change of its stamp.
func (e *Engine) racy(st trace.Stamp, hashed time.Time) bool {
	return !e.fine && max(st.Mtime, st.Ctime) > hashed.Add(-grain).UnixNano()
}

// settleClock waits until whoever modifies an output that this session made
// gives it another stamp. Outputs count as not racy because of it: all of
// them are hashed as soon as they are written, and the next build would have
// to hash all of them again.
func (s *Session) settleClock() {
	if s.eng.fine {
		return
	}
	if wait := time.Until(time.Unix(0, s.lastStamp.Load()).Add(grain)); wait > 0 && wait <= grain {
		time.Sleep(wait)
	}
}
