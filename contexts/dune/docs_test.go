package dune

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// The page for users says of each stanza, and of each action, whether it is
// covered.
func TestDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/dune.md")
	if err != nil {
		t.Fatal(err)
	}
	_, page, ok := strings.Cut(string(text), "\n## What is covered\n")
	if !ok {
		t.Fatal("docs/dune.md does not say what is covered")
	}
	var names []string
	for n := range stanzaReaders {
		names = append(names, n)
	}
	for n := range refused {
		names = append(names, n)
	}
	names = append(names, "dirs", "data_only_dirs", "vendored_dirs", "ignored_subdirs", "files", "subdir")
	for _, op := range []ActionOp{ActionRun, ActionDynamicRun, ActionChdir, ActionSetenv, ActionStdoutTo, ActionStdinFrom, ActionExitCodes, ActionProgn, ActionConcurrent,
		ActionEcho, ActionCat, ActionCopy, ActionCopyLine, ActionSystem, ActionBash, ActionWriteFile, ActionDiff, ActionDiffOptional, ActionCmp, ActionNoInfer, ActionFormatDune} {
		names = append(names, string(op))
	}
	slices.Sort(names)
	for _, n := range names {
		if !strings.Contains(page, "`"+n+"`") {
			t.Errorf("docs/dune.md does not say whether %s is covered", n)
		}
	}
}
