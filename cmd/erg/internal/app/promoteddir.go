package app

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"erg.build/erg/contexts/dune/rules"
)

// This file copies directories that rules make among the sources: such a copy has
// what the rule made, and nothing else.

// keptDir stands in untilClean for the digest of a directory.
const keptDir = "directory"

// makeWay makes the directories of a file in a copy of a directory. What is in
// the way, in the copy or in its place, was there before the rule made it
// otherwise, and goes.
func makeWay(dir, file string) error {
	rel, err := filepath.Rel(dir, file)
	if err != nil {
		return err
	}
	parts := strings.Split(rel, string(filepath.Separator))
	for i := range parts {
		at := filepath.Join(append([]string{dir}, parts[:i]...)...)
		info, err := os.Lstat(at)
		if err == nil && !info.IsDir() {
			if err := os.Remove(at); err != nil {
				return err
			}
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err := os.Mkdir(at, 0o777); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	if info, err := os.Lstat(file); err == nil && info.IsDir() {
		return os.RemoveAll(file)
	}
	return nil
}

// prune removes from the copy of a directory what the rule did not make.
func prune(root string, p rules.Promotion) (removed bool, err error) {
	dir := filepath.Join(root, p.Source)
	if info, err := os.Lstat(dir); err != nil || !info.IsDir() {
		return false, makeWay(dir, filepath.Join(dir, "file"))
	}
	keep := map[string]bool{".": true}
	for _, f := range p.Files {
		for ; f != "."; f = path.Dir(f) {
			keep[f] = true
		}
	}
	var gone []string
	err = filepath.WalkDir(dir, func(at string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, at)
		if err != nil || keep[filepath.ToSlash(rel)] {
			return err
		}
		gone = append(gone, at)
		if e.IsDir() {
			return fs.SkipDir
		}
		return nil
	})
	for _, at := range gone {
		err = errors.Join(err, os.RemoveAll(at))
	}
	return len(gone) > 0, err
}

// removeEmptied removes the copies of directories that were there until now,
// as far as nothing is left in them.
func removeEmptied(root string) error {
	kept, err := readUntilClean(root)
	if err != nil {
		return err
	}
	var dirs []string
	for p, what := range kept {
		if what != keptDir || !filepath.IsLocal(p) {
			continue
		}
		err := filepath.WalkDir(filepath.Join(root, p), func(at string, e fs.DirEntry, err error) error {
			if err == nil && e.IsDir() {
				dirs = append(dirs, at)
			}
			return err
		})
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	slices.Sort(dirs)
	for _, dir := range slices.Backward(dirs) {
		_ = os.Remove(dir) // what is not empty stays
	}
	return nil
}
