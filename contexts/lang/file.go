package lang

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"
)

// A FileMark is the mark on a string that names a file which the build makes.
// Such a string is used like any other, and what is made of it carries the
// mark on: whoever uses the result depends on the file.
type FileMark struct {
	Path string // slash-separated, relative to the workspace
	ID   any    // the artifact, for whoever made the mark; comparable
}

// FileVal returns the path of a file as a string marked with it.
func FileVal(m FileMark) cty.Value { return cty.StringVal(m.Path).Mark(m) }

// Files returns all files that a value was made of, deeply, sorted by path and
// without duplicates.
func Files(v cty.Value) []FileMark {
	if v == cty.NilVal {
		return nil
	}
	return FilesOf(deepMarks(v))
}

// FilesOf returns the files among marks, sorted by path.
func FilesOf(marks cty.ValueMarks) []FileMark {
	var files []FileMark
	for m := range marks {
		if f, ok := m.(FileMark); ok {
			files = append(files, f)
		}
	}
	slices.SortFunc(files, func(a, b FileMark) int {
		if c := strings.Compare(a.Path, b.Path); c != 0 {
			return c
		}
		// Two artifacts at one path: any order will do that is the same every time.
		return cmp.Compare(fmt.Sprint(a.ID), fmt.Sprint(b.ID))
	})
	return files
}

// A SensitiveMark is the mark on values that must not be printed.
type SensitiveMark struct{}

// IsSensitive reports whether a part of v is marked as sensitive.
func IsSensitive(v cty.Value) bool {
	if v == cty.NilVal {
		return false
	}
	_, ok := deepMarks(v)[SensitiveMark{}]
	return ok
}
