package ocaml

import (
	"path"
)

// A place is where what is compiled of a module goes. See Layout.
type place struct {
	objects, native, private string
	alias                    string // of the source of the alias module
}

func placeOf(u Unit) place {
	p := place{objects: u.Layout.Objects, native: u.Layout.Native, private: u.Layout.Private, alias: u.Layout.Alias}
	if p.objects == "" {
		p.objects = u.ObjectDir()
	}
	if p.native == "" {
		p.native = p.objects
	}
	if p.private == "" {
		p.private = path.Join(p.objects, "private")
	}
	if p.alias == "" {
		p.alias = p.objects
	}
	return p
}

// file is one of a module's compiled files. Many actions name interfaces and
// code, so there is one string for each.
func (b *builder) file(m *module, ext string) string {
	switch ext {
	case ".cmi":
		if m.cmi == "" {
			m.cmi = b.interfaceFile(m)
		}
		return m.cmi
	case ".cmx":
		if m.cmx == "" {
			m.cmx = path.Join(m.at.native, m.unit+ext)
		}
		return m.cmx
	case b.tc.objectExt():
		return path.Join(m.at.native, m.unit+ext)
	}
	return path.Join(m.at.objects, m.unit+ext)
}

func (b *builder) interfaceFile(m *module) string {
	switch {
	case m.implements != nil:
		return b.file(m.implements, ".cmi")
	case m.private:
		return path.Join(m.at.private, m.unit+".cmi")
	}
	return path.Join(m.at.objects, m.unit+".cmi")
}

// searched are the directories of the unit's own modules.
func (b *builder) searched(mode Mode) []string {
	dirs := []string{b.at.objects}
	for _, m := range b.src.modules {
		if m.private {
			dirs = append(dirs, b.at.private)
			break
		}
	}
	if mode == Native && b.at.native != b.at.objects {
		dirs = append(dirs, b.at.native)
	}
	return dirs
}

// objects are what linking a module takes.
func (b *builder) objects(m *module, mode Mode) []string {
	switch {
	case !m.compiled():
		return nil
	case mode == Native:
		return []string{b.file(m, ".cmx"), b.file(m, b.tc.objectExt())}
	}
	return []string{b.file(m, ".cmo")}
}

// annotations are the typed trees of a module, where they are written.
func (b *builder) annotations(m *module) []string {
	if !b.u.Annotate {
		return nil
	}
	var files []string
	if m.compiled() {
		files = append(files, b.file(m, ".cmt"))
	}
	if m.intf != "" && m.implements == nil {
		files = append(files, b.file(m, ".cmti"))
	}
	return files
}
