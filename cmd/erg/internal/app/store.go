package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"
	"time"

	"erg.build/erg/cmd/erg/internal/cli"
	"erg.build/erg/cmd/erg/internal/place"
	"erg.build/erg/engine"
	"erg.build/erg/engine/fsys"
	"erg.build/erg/engine/store"
)

// storeHint is the size of a store from which on one is told how to make it
// smaller.
const storeHint = 10 << 30

func openStore(c cli.Common) (*store.Store, error) {
	dir := place.StoreDir(c.Store, c.Getenv)
	if dir == "" {
		return nil, errors.New("there is no store: neither --store nor ERG_STORE, XDG_CACHE_HOME or HOME says where it is")
	}
	return store.Open(fsys.OS{}, dir), nil
}

// A storeStats is what "erg store stats --json" prints.
type storeStats struct {
	Store      string     `json:"store"`
	Bytes      int64      `json:"bytes"`
	Actions    int        `json:"actions"`
	Results    int        `json:"results"`
	SmallFiles int        `json:"small_files"`
	LargeFiles int        `json:"large_files"`
	PackBytes  int64      `json:"pack_bytes"`
	LargeBytes int64      `json:"large_bytes"`
	Packages   int        `json:"packages"`
	InUse      int        `json:"packages_in_use"`
	TreeBytes  int64      `json:"package_bytes"`
	OtherBytes int64      `json:"other_bytes"`
	Oldest     *time.Time `json:"oldest,omitempty"`
	Newest     *time.Time `json:"newest,omitempty"`
}

// StoreStats implements cli.App.
func (App) StoreStats(_ context.Context, c cli.Common) error {
	s, err := openStore(c)
	if err != nil {
		return err
	}
	st, err := s.Stats()
	pkgs, perr := engine.PackagesIn(s.Dir())
	if err = errors.Join(err, perr, s.Close()); err != nil {
		return fmt.Errorf("read the store: %w", err)
	}
	st.Other += pkgs.Others
	if c.JSON {
		out := storeStats{s.Dir(), st.Size() + pkgs.Bytes, st.Keys, st.Entries, st.Small, st.Large, st.Packs, st.Files,
			pkgs.Trees, pkgs.InUse, pkgs.Bytes, st.Other, nil, nil}
		if !st.Oldest.IsZero() {
			oldest, newest := st.Oldest.UTC(), st.Newest.UTC()
			out.Oldest, out.Newest = &oldest, &newest
		}
		return json.NewEncoder(c.Stdout).Encode(out)
	}
	return writeStats(c.Stdout, s.Dir(), st, pkgs, time.Now())
}

func writeStats(out io.Writer, dir string, st store.Stats, pkgs engine.StoredPackages, now time.Time) error {
	size := st.Size() + pkgs.Bytes
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "store\t%s\n", dir)
	fmt.Fprintf(w, "size\t%s\n", bytesText(size))
	fmt.Fprintf(w, "actions\t%d, with %d %s\n", st.Keys, st.Entries, plural(st.Entries, "result"))
	fmt.Fprintf(w, "small files\t%d, with the results in %s\n", st.Small, bytesText(st.Packs))
	fmt.Fprintf(w, "large files\t%d, in %s\n", st.Large, bytesText(st.Files))
	if pkgs.Trees > 0 {
		fmt.Fprintf(w, "packages\t%d, in %s; workspaces use %d\n", pkgs.Trees, bytesText(pkgs.Bytes), pkgs.InUse)
	}
	fmt.Fprintf(w, "other\t%s\n", bytesText(st.Other))
	if !st.Oldest.IsZero() {
		fmt.Fprintf(w, "last used\tthe oldest %s ago, the newest %s ago\n", agoText(now.Sub(st.Oldest)), agoText(now.Sub(st.Newest)))
	}
	if err := w.Flush(); err != nil || size < storeHint {
		return err
	}
	_, err := fmt.Fprint(out, "\nTo see what is not used any more:  erg store gc --keep-newer 30d --dry-run\n")
	return err
}

// A storeGC is what "erg store gc --json" prints.
type storeGC struct {
	Store   string       `json:"store"`
	DryRun  bool         `json:"dry_run"`
	Removed store.Amount `json:"removed"`
	Kept    store.Amount `json:"kept"`
}

// StoreGC implements cli.App.
func (App) StoreGC(ctx context.Context, c cli.Common, o cli.StoreGCOptions) error {
	s, err := openStore(c)
	if err != nil {
		return err
	}
	done, err := engine.CollectStore(ctx, s, store.CollectOptions{MaxSize: o.MaxSize, MaxAge: o.MaxAge, DryRun: o.DryRun})
	if err = errors.Join(err, s.Close()); err != nil {
		if ctx.Err() != nil {
			return cli.ErrInterrupted
		}
		return fmt.Errorf("collect the store %s: %w", s.Dir(), err)
	}
	if c.JSON {
		return json.NewEncoder(c.Stdout).Encode(storeGC{s.Dir(), o.DryRun, done.Removed, done.Kept})
	}
	verb := "Removed"
	if o.DryRun {
		verb = "Would remove"
	}
	_, err = fmt.Fprintf(c.Stdout, "%s %s\nLeft: %s\n", verb, amountText(done.Removed), amountText(done.Kept))
	return err
}

func amountText(a store.Amount) string {
	text := fmt.Sprintf("%d %s and %d %s", a.Entries, plural(a.Entries, "result"), a.Blobs, plural(a.Blobs, "file"))
	if a.Trees > 0 {
		text = fmt.Sprintf("%d %s, %d %s and %d %s", a.Entries, plural(a.Entries, "result"), a.Blobs, plural(a.Blobs, "file"), a.Trees, plural(a.Trees, "package"))
	}
	return text + ", " + bytesText(a.Bytes)
}

// bytesText is a size for people.
func bytesText(n int64) string {
	if n < 1<<10 {
		return fmt.Sprintf("%d B", n)
	}
	v, unit := float64(n), 0
	for v >= 1<<10 {
		v /= 1 << 10
		unit++
	}
	digits := 0
	if v < 10 {
		digits = 1
	}
	return strconv.FormatFloat(v, 'f', digits, 64) + " " + string("KMGTPE"[unit-1]) + "iB"
}

// agoText is a duration for people, in the largest unit of which there are two.
func agoText(d time.Duration) string {
	for _, u := range []struct {
		unit time.Duration
		name string
	}{{24 * time.Hour, "day"}, {time.Hour, "hour"}, {time.Minute, "minute"}} {
		if n := int(d / u.unit); n >= 2 {
			return fmt.Sprintf("%d %s", n, plural(n, u.name))
		}
	}
	n := max(int(d/time.Second), 0)
	return fmt.Sprintf("%d %s", n, plural(n, "second"))
}
