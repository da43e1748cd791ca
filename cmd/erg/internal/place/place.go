// Package place is what the programs of erg have in common: where the store
// is, which erg this is, and how much it minds memory.
package place

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
)

// StoreDir returns the user's store: what was asked for, else ERG_STORE, else
// a directory of the user's cache; "" if there is none of these.
func StoreDir(asked string, getenv func(string) string) string {
	if asked != "" {
		return asked
	}
	if d := getenv("ERG_STORE"); d != "" {
		return d
	}
	if d := getenv("XDG_CACHE_HOME"); filepath.IsAbs(d) {
		return filepath.Join(d, "erg")
	}
	if d := getenv("HOME"); filepath.IsAbs(d) {
		return filepath.Join(d, ".cache", "erg")
	}
	return ""
}

// BuildID identifies this program: what another one evaluated may have meant
// something else.
func BuildID() string {
	exe, err := os.Executable()
	if err != nil {
		return "unknown"
	}
	fi, err := os.Stat(exe)
	if err != nil {
		return "unknown"
	}
	return fmt.Sprintf("%d-%d", fi.Size(), fi.ModTime().UnixNano())
}

// The collector's pace, in per cent of live memory. A command that finds that
// there is nothing to do ends before a collection would pay; a build waits for
// processes most of the time, and leaves memory to them.
const (
	paceAtStart       = 400
	paceOfBuilds      = 200
	paceOfLargeBuilds = 30
)

// Start sets the collector's pace for the start of a command. A command that
// hardly allocates does without: it stops all threads for a moment.
func Start() { setPace(paceAtStart) }

// Work sets it for the rest of a command that has something to do, and has
// interrupts end that in an orderly way: see Interruptible.
func Work() {
	Watch()
	setPace(paceOfBuilds)
}

// WorkMuch is Work for a graph so large that memory counts more than time.
func WorkMuch() { setPace(paceOfLargeBuilds) }

// setPace sets it, unless the person who runs erg has.
func setPace(percent int) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(percent)
	}
}
