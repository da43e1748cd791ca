package app

import (
	"os"
	"runtime/debug"
)

// The collector's pace, in per cent of live memory. A command that finds that
// there is nothing to do ends before a collection would pay; a build waits for
// processes most of the time, and leaves memory to them.
const (
	paceAtStart  = 400
	paceOfBuilds = 30
)

// TuneGC sets the collector's pace for the start of a command.
func TuneGC() { setPace(paceAtStart) }

// work sets it for the rest of a command that has something to do.
func work() { setPace(paceOfBuilds) }

// setPace sets it, unless the person who runs erg has.
func setPace(percent int) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(percent)
	}
}
