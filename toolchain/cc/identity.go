package cc

import (
	"maps"
	"path"
	"slices"

	"erg.build/erg/engine"
	"erg.build/erg/engine/digest"
	"erg.build/erg/toolchain"
)

// identity digests the closure of a layout.
func (l *layout) identity(t *engine.Task) (digest.Digest, error) {
	c, err := l.closure(t)
	if err != nil {
		return digest.Digest{}, err
	}
	return c.Digest(), nil
}

func (l *layout) closure(t *engine.Task) (*toolchain.Closure, error) {
	var dirs []string
	for _, dir := range l.programs {
		if path.Base(dir) == "bin" {
			dirs = append(dirs, path.Join(path.Dir(dir), "lib"))
		}
	}
	// Nearly all of the time goes into hashing cc1 and its like.
	t.Hash(slices.Concat([]string{l.driver}, slices.Sorted(maps.Values(l.tools)), slices.Sorted(maps.Values(l.files)))...)
	c := toolchain.NewClosure(t, dirs)
	if err := c.Executable("driver", l.driver); err != nil {
		return nil, err
	}
	for _, role := range slices.Sorted(maps.Keys(l.tools)) {
		if err := c.Executable("program "+role, l.tools[role]); err != nil {
			return nil, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(l.files)) {
		if err := c.File("file "+name, l.files[name]); err != nil {
			return nil, err
		}
	}
	return c, nil
}
