package toolchain

import (
	"errors"
	"io/fs"
	"maps"
	"path"
	"runtime"
	"slices"

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
	x, err := executables.Get(c.t, file)
	if err != nil {
		return err
	}
	for i, p := range x.programs {
		ok, err := c.t.Exists(p)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		part := role + " runs " + path.Base(p)
		if i == 0 {
			part = role + " interpreter"
		}
		if err := c.Executable(part, p); err != nil {
			return err
		}
	}
	if x.linker != "" {
		if err := c.File("dynamic linker", x.linker); err != nil {
			return err
		}
	}
	dirs := slices.Concat(x.dirs, c.dirs, systemLibraries())
	for _, name := range x.libraries {
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
