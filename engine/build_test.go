package engine

import (
	"testing"
)

func TestBuildOnce(t *testing.T) {
	w := newWorld(t)
	w.write("a.txt", "hello\n", "b.txt", "world\n")
	w.rules = define(
		cat("app", "_build/app/ab", "a.txt", "b.txt"),
		cat("app", "_build/app/abab", "_build/app/ab", "_build/app/ab"))
	w.make("_build/app/abab").ok(t, "cat _build/app/ab", "cat _build/app/abab")
	if got := w.read("_build/app/abab"); got != "hello\nworld\nhello\nworld\n" {
		t.Errorf("made %q", got)
	}
	w.make().isNull(t)

	w.write("a.txt", "HELLO\n")
	w.make().evaluated(t).ok(t, "cat _build/app/ab", "cat _build/app/abab")
	w.make().isNull(t)

	// Back to what it was: the store has it all.
	w.write("a.txt", "hello\n")
	b := w.make().ok(t)
	if b.Restored != 2 {
		t.Errorf("restored %d, want 2", b.Restored)
	}
	w.make().isNull(t)
}
