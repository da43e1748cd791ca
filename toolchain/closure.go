package toolchain

import (
	"bytes"
	"debug/elf"
	"errors"
	"io/fs"
	"maps"
	"path"
	"runtime"
	"slices"
	"strings"

	"erg.build/erg/engine"
	"erg.build/erg/engine/digest"
)

// # Identity
//
// A compiler is not its driver: gcc is a small program that starts cc1, as
// and ld, which are linked with libraries, and which read specs, start files
// and archives. If any of them is another file, the same command may make
// other bytes. So the identity is a digest over all of them, each as its
// role ("cc1", "library libisl.so.23", "file crt1.o") and the digest of its
// content.
//
// The identity holds no path. A toolchain that was moved is the same
// toolchain and nothing is rebuilt; a path whose file was replaced is
// another one and everything is. A part that is not there is a role with the
// zero digest, so that its coming changes the identity too.
//
// What is left out: headers, which compilers report per compile (-MD), and
// libraries that the linker reports per link, where it can.

// A Closure collects what a tool runs with.
type Closure struct {
	t      *engine.Task
	dirs   []string // more places of shared libraries
	roles  map[string]digest.Digest
	looked map[string]bool // executables whose needs were collected
}

// NewClosure returns an empty closure. Shared libraries are searched where
// an executable says, then in dirs, then where the system keeps them.
func NewClosure(t *engine.Task, dirs []string) *Closure {
	return &Closure{t: t, dirs: dirs, roles: map[string]digest.Digest{}, looked: map[string]bool{}}
}

// Add adds a role that is not a file.
func (c *Closure) Add(role string, d digest.Digest) { c.roles[role] = d }

// File adds a file.
func (c *Closure) File(role, file string) error {
	if file == "" {
		c.roles[role] = absent
		return nil
	}
	d, err := c.t.FileDigest(file)
	if errors.Is(err, fs.ErrNotExist) {
		d, err = absent, nil
	}
	c.roles[role] = d
	return err
}

// Executable adds a program with the shared libraries that it needs or, if
// it is a script, with what the script names.
func (c *Closure) Executable(role, file string) error {
	if err := c.File(role, file); err != nil || file == "" || c.looked[file] || c.roles[role] == absent {
		return err
	}
	c.looked[file] = true
	b, err := c.t.ReadFile(file)
	if err != nil {
		return err
	}
	if bytes.HasPrefix(b, []byte("#!")) {
		return c.script(role, b)
	}
	return c.needs(file, b)
}

// maxScript is the size above which a file that begins with "#!" is data
// with a header, such as byte code, and only its interpreter matters.
const maxScript = 64 << 10

// script adds a script's interpreter and every program that it names by its
// absolute path: a compiler in a wrapper is found that way.
func (c *Closure) script(role string, b []byte) error {
	first, rest, _ := strings.Cut(string(b[2:]), "\n")
	words := strings.Fields(first)
	if len(b) <= maxScript {
		words = append(words, strings.FieldsFunc(rest, func(r rune) bool {
			return strings.ContainsRune(" \t\n\r\"'`;|&<>(){}=:$", r)
		})...)
	}
	for i, w := range words {
		if !path.IsAbs(w) || strings.HasPrefix(w, "/dev/") || strings.HasPrefix(w, "/proc/") {
			continue
		}
		ok, err := c.t.Exists(w)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		part := role + " runs " + path.Base(w)
		if i == 0 {
			part = role + " interpreter"
		}
		if err := c.Executable(part, w); err != nil {
			return err
		}
	}
	return nil
}

// needs adds the shared libraries of an ELF file, and theirs. Other formats
// (Mach-O, whose system libraries are part of the system) add nothing.
func (c *Closure) needs(file string, b []byte) error {
	f, err := elf.NewFile(bytes.NewReader(b))
	if err != nil {
		return nil
	}
	defer f.Close()
	if interp := interpreter(f); interp != "" {
		if err := c.File("dynamic linker", interp); err != nil {
			return err
		}
	}
	names, err := f.ImportedLibraries()
	if err != nil {
		return nil // a static executable
	}
	var dirs []string
	for _, tag := range []elf.DynTag{elf.DT_RPATH, elf.DT_RUNPATH} {
		values, _ := f.DynString(tag)
		for _, v := range values {
			for dir := range strings.SplitSeq(v, ":") {
				dir = strings.NewReplacer("$ORIGIN", path.Dir(file), "${ORIGIN}", path.Dir(file)).Replace(dir)
				if path.IsAbs(dir) {
					dirs = append(dirs, path.Clean(dir))
				}
			}
		}
	}
	dirs = slices.Concat(dirs, c.dirs, systemLibraries())
	for _, name := range names {
		if err := c.library(name, dirs); err != nil {
			return err
		}
	}
	return nil
}

// library adds the first shared library of that name.
func (c *Closure) library(name string, dirs []string) error {
	role := "library " + name
	if _, ok := c.roles[role]; ok {
		return nil
	}
	for _, dir := range dirs {
		file := path.Join(dir, name)
		ok, err := c.t.Exists(file)
		if err != nil {
			return err
		}
		if ok {
			return c.Executable(role, file)
		}
	}
	c.roles[role] = absent
	return nil
}

// interpreter returns the dynamic linker that an executable asks for.
func interpreter(f *elf.File) string {
	s := f.Section(".interp")
	if s == nil {
		return ""
	}
	b, err := s.Data()
	if err != nil {
		return ""
	}
	return strings.TrimRight(string(b), "\x00")
}

// systemLibraries are the directories in which dynamic linkers look, those
// of Debian's multiarch included.
func systemLibraries() []string {
	arch := map[string]string{
		"amd64": "x86_64-linux-gnu", "386": "i386-linux-gnu", "arm64": "aarch64-linux-gnu",
		"arm": "arm-linux-gnueabihf", "riscv64": "riscv64-linux-gnu", "ppc64le": "powerpc64le-linux-gnu", "s390x": "s390x-linux-gnu",
	}[runtime.GOARCH]
	dirs := []string{"/usr/local/lib", "/lib64", "/usr/lib64", "/lib", "/usr/lib"}
	if arch != "" {
		dirs = append([]string{"/lib/" + arch, "/usr/lib/" + arch}, dirs...)
	}
	return dirs
}

// Digest returns the identity of all that was added.
func (c *Closure) Digest() digest.Digest {
	h := digest.New()
	for _, role := range slices.Sorted(maps.Keys(c.roles)) {
		h.Write([]byte(role))
		h.Write([]byte{0})
		d := c.roles[role]
		h.Write(d[:])
	}
	return digest.Sum(h)
}

// Roles returns what the closure is made of, for tests and for explaining.
func (c *Closure) Roles() map[string]digest.Digest { return maps.Clone(c.roles) }

// absent stands in identities for a file that is not there.
var absent digest.Digest
