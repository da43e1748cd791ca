package app

import (
	"strings"
	"testing"
	"time"

	"erg.build/erg/engine"
	"erg.build/erg/engine/store"
)

func TestBytesText(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0 B", 1023: "1023 B", 1024: "1.0 KiB", 10 << 10: "10 KiB", 1536 << 20: "1.5 GiB", 1 << 62: "4.0 EiB",
	} {
		if got := bytesText(n); got != want {
			t.Errorf("%d: got %q, want %q", n, got, want)
		}
	}
}

func TestAgoText(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Hour: "0 seconds", time.Second: "1 second", 119 * time.Second: "119 seconds", 2 * time.Minute: "2 minutes",
		47 * time.Hour: "47 hours", 49 * time.Hour: "2 days",
	} {
		if got := agoText(d); got != want {
			t.Errorf("%v: got %q, want %q", d, got, want)
		}
	}
}

func TestWriteStats(t *testing.T) {
	now := time.Now()
	st := store.Stats{Keys: 3, Entries: 4, Small: 5, Large: 1, Packs: 2048, Files: 1 << 20, Other: 1,
		Oldest: now.Add(-72 * time.Hour), Newest: now.Add(-time.Hour)}
	var b strings.Builder
	if err := writeStats(&b, "/s", st, engine.StoredPackages{Trees: 2, InUse: 1, Bytes: 1 << 20}, now); err != nil {
		t.Fatal(err)
	}
	want := `store        /s
size         2.0 MiB
actions      3, with 4 results
small files  5, with the results in 2.0 KiB
large files  1, in 1.0 MiB
packages     2, in 1.0 MiB; workspaces use 1
other        1 B
last used    the oldest 3 days ago, the newest 60 minutes ago
`
	if b.String() != want {
		t.Errorf("got\n%s", &b)
	}
	st.Files = storeHint
	b.Reset()
	if err := writeStats(&b, "/s", st, engine.StoredPackages{}, now); err != nil || !strings.HasSuffix(b.String(), "\n\nTo see what is not used any more:  erg store gc --keep-newer 30d --dry-run\n") {
		t.Errorf("got\n%s%v", &b, err)
	}
}
