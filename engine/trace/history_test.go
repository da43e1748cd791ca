package trace

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"erg.build/erg/engine/fsys"
)

func sampleBuild(rev uint32) Build {
	return Build{Revision: rev, Goal: "all", Ended: 1 << 40, Elapsed: time.Second, OK: rev%2 == 0, Ran: 1, Restored: 2, Unchanged: 3, Failed: 4, Skipped: 5,
		Worked: time.Minute, Cutoff: Saving{6, time.Hour}, Store: Saving{7, time.Millisecond}, Peak: 8 << 20, Own: 9 << 20}
}

// The last builds are remembered, wherever they were written, and no others.
func TestBuilds(t *testing.T) {
	dir := t.TempDir()
	d := OpenDir(fsys.OS{}, dir)
	defer d.Close()
	s, _ := d.Load()
	var all []Build
	for rev := range uint32(3 * maxBuilds) {
		b := sampleBuild(rev)
		all = append(all, b)
		s.AddBuild(b)
		last := all[max(0, len(all)-maxBuilds):]
		if !reflect.DeepEqual(s.Builds(), last) {
			t.Fatalf("build %d: %+v", rev, s.Builds())
		}
		switch {
		case rev == 2, rev == maxBuilds+2: // into a base
			if err := d.writeBase(s); err != nil {
				t.Fatal(err)
			}
			os.Remove(filepath.Join(dir, logName))
		case rev%3 == 0: // not saved yet
			continue
		default:
			if _, err := d.Save(s); err != nil {
				t.Fatal(err)
			}
		}
		d.Close()
		d = OpenDir(fsys.OS{}, dir)
		if s, _ = d.Load(); !reflect.DeepEqual(s.Builds(), last) {
			t.Fatalf("build %d, read again: %+v", rev, s.Builds())
		}
	}
}
