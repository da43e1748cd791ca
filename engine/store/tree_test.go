package store

import (
	"context"
	"strings"
	"testing"
	"time"

	"erg.build/erg/engine/digest"
)

// Trees take their place among results by when they, or who needs them, were
// used last.
func TestCollectTrees(t *testing.T) {
	now := time.Now()
	day := func(n int) time.Time { return now.AddDate(0, 0, -n) }
	for _, x := range []struct {
		name string
		o    CollectOptions
		keep string // of the trees a to e, and 0 for the entry that refers to a
	}{
		{"no limit", CollectOptions{}, "0abcde"},
		{"age", CollectOptions{MaxAge: 72 * time.Hour}, "0abce"},
		{"age, older", CollectOptions{MaxAge: 36 * time.Hour}, "bce"},
		{"size", CollectOptions{MaxSize: 3500}, "bce"},
		{"size for one more", CollectOptions{MaxSize: 4500}, "0abce"},
		{"nothing but what is held", CollectOptions{MaxSize: 1}, "e"},
		{"only a part of what is needed", CollectOptions{MaxSize: 2500}, "e"},
	} {
		t.Run(x.name, func(t *testing.T) {
			h := newShelf(t)
			e := madeEntry(1)
			e.Deps = []Dep{{Path: "/other", Digest: digest.OfString("x")}, {Path: "/p/a", Digest: digest.OfString("a")}}
			for _, text := range made(1) {
				if err := h.s.Add(put(t, h.file, text), h.file); err != nil {
					t.Fatal(err)
				}
			}
			if err := h.s.Put(shelfKey(1), e); err != nil {
				t.Fatal(err)
			}
			h.age(map[int]int{1: 2})
			tree := func(name string, used time.Time, needs ...*Tree) *Tree {
				return &Tree{Input: "/p/" + name, Size: 1000, Used: used, Needs: needs}
			}
			a, c, d, held := tree("a", day(9)), tree("c", day(9)), tree("d", day(5)), tree("e", day(9))
			held.Held = true
			b := tree("b", day(1), c)
			x.o.Trees = []*Tree{a, b, c, d, held}
			done, err := h.s.Collect(context.Background(), x.o)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			if len(h.all(2)) > 0 {
				got = append(got, "0")
			}
			kept := 0
			for i, tr := range x.o.Trees {
				if tr.Keep {
					kept++
					got = append(got, string(rune('a'+i)))
				}
			}
			if s := strings.Join(got, ""); s != x.keep {
				t.Errorf("kept %s, want %s", s, x.keep)
			}
			if done.Kept.Trees != kept || done.Removed.Trees != 5-kept || x.keep == "e" && done.Kept.Bytes != 1000 {
				t.Errorf("counted %+v", done)
			}
		})
	}
}
