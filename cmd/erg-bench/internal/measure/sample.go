package measure

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// sampleEvery is how often a process is asked for its peak. It keeps that
// itself, so only what comes after the last time is missed.
const sampleEvery = 10 * time.Millisecond

// samplePeak returns the most memory that a process had resident, in bytes, as
// far as it was seen before the end.
func samplePeak(pid int, ended <-chan struct{}) int64 {
	tick := time.NewTicker(sampleEvery)
	defer tick.Stop()
	var peak int64
	for {
		if b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid)); err == nil {
			peak = max(peak, highWater(string(b)))
		}
		select {
		case <-ended:
			return peak
		case <-tick.C:
		}
	}
}

// highWater is VmHWM of /proc/PID/status, in bytes; 0 for a process that has
// ended.
func highWater(status string) int64 {
	for line := range strings.Lines(status) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kb, _ := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			return kb << 10
		}
	}
	return 0
}
