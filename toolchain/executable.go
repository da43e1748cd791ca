package toolchain

import (
	"bytes"
	"debug/elf"
	"io"
	"path"
	"strings"

	"erg.build/erg/engine"
)

// An executable is what a program or a shared library says about what it
// runs with.
type executable struct {
	programs  []string // of a script: its interpreter, and what it names
	linker    string   // the dynamic linker; "" for none
	libraries []string // shared libraries, by name
	dirs      []string // where it wants them searched first
}

// executables examines files. Compilers share most of what they run with, so
// each file is read once for all toolchains.
var executables = engine.Query[string, *executable]{Kind: "executable", Fn: examine}

func examine(t *engine.Task, file string) (x *executable, err error) {
	err = t.ReadAt(file, func(r io.ReaderAt, size int64) error {
		head := make([]byte, min(size, maxScript+1))
		if _, err := r.ReadAt(head, 0); err != nil && err != io.EOF {
			return err
		}
		if bytes.HasPrefix(head, []byte("#!")) {
			x = &executable{programs: scriptPrograms(head)}
		} else {
			x = examineELF(file, io.NewSectionReader(r, 0, size))
		}
		return nil
	})
	return x, err
}

// maxScript is the size above which a file that begins with "#!" is data
// with a header, such as byte code, and only its interpreter matters.
const maxScript = 64 << 10

// scriptPrograms returns a script's interpreter, then whatever else in it
// looks like an absolute path: a compiler in a wrapper is found that way.
func scriptPrograms(b []byte) []string {
	first, rest, _ := strings.Cut(string(b[2:]), "\n")
	words := strings.Fields(first)
	if len(b) <= maxScript {
		words = append(words, strings.FieldsFunc(rest, func(r rune) bool {
			return strings.ContainsRune(" \t\n\r\"'`;|&<>(){}=:$", r)
		})...)
	}
	var programs []string
	for _, w := range words {
		if path.IsAbs(w) && !strings.HasPrefix(w, "/dev/") && !strings.HasPrefix(w, "/proc/") {
			programs = append(programs, path.Clean(w))
		}
	}
	return programs
}

// examineELF reads the dynamic section of an ELF file. Other formats (Mach-O,
// whose libraries are part of the system) and static executables say nothing.
func examineELF(file string, r io.ReaderAt) *executable {
	x := &executable{}
	f, err := elf.NewFile(r)
	if err != nil {
		return x
	}
	defer f.Close()
	if s := f.Section(".interp"); s != nil {
		if name, err := s.Data(); err == nil {
			x.linker = strings.TrimRight(string(name), "\x00")
		}
	}
	if x.libraries, err = f.ImportedLibraries(); err != nil {
		return x
	}
	origin := strings.NewReplacer("$ORIGIN", path.Dir(file), "${ORIGIN}", path.Dir(file))
	for _, tag := range []elf.DynTag{elf.DT_RPATH, elf.DT_RUNPATH} {
		values, _ := f.DynString(tag)
		for _, v := range values {
			for dir := range strings.SplitSeq(v, ":") {
				if dir = origin.Replace(dir); path.IsAbs(dir) {
					x.dirs = append(x.dirs, path.Clean(dir))
				}
			}
		}
	}
	return x
}
