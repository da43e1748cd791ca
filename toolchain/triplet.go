package toolchain

import (
	"runtime"
	"strings"
)

// A Triplet is a GNU triplet taken apart. People write the same machine in
// several ways: the vendor may be missing, "none" may stand for no system.
type Triplet struct {
	Arch   string // "x86_64", "i686", "riscv32", …
	Vendor string // "pc", "unknown", "w64"; may be empty
	System string // "linux-gnu", "elf", "mingw32", "darwin21", …
}

// Parse takes a triplet apart.
func Parse(s string) Triplet {
	parts := strings.Split(s, "-")
	t := Triplet{Arch: parts[0]}
	rest := parts[1:]
	if len(rest) > 0 && vendors[rest[0]] {
		t.Vendor, rest = rest[0], rest[1:]
	} else if len(rest) > 1 && !systems[rest[0]] {
		t.Vendor, rest = rest[0], rest[1:]
	}
	t.System = strings.Join(rest, "-")
	return t
}

var vendors = map[string]bool{"pc": true, "unknown": true, "w64": true, "apple": true, "redhat": true, "suse": true, "alpine": true}

var systems = map[string]bool{"linux": true, "none": true, "elf": true, "eabi": true}

// String puts the triplet together again.
func (t Triplet) String() string {
	s := t.Arch
	if t.Vendor != "" {
		s += "-" + t.Vendor
	}
	if t.System != "" {
		s += "-" + t.System
	}
	return s
}

// Same reports whether two triplets mean the same machine.
func Same(a, b string) bool {
	return Parse(a).normal() == Parse(b).normal()
}

// SameArch reports whether two names mean the same processor.
func SameArch(a, b string) bool { return normalArch(a) == normalArch(b) }

// Link reports whether one program can be linked of code for two machines.
// Code for no operating system may become part of code for one.
func Link(a, b string) bool {
	x, y := Parse(a), Parse(b)
	return SameArch(x.Arch, y.Arch) && (x.OS() == y.OS() || x.OS() == "none" || y.OS() == "none")
}

// normal spells a triplet in one way.
func (t Triplet) normal() Triplet {
	sys := strings.TrimPrefix(strings.TrimPrefix(t.System, "none-"), "unknown-")
	switch {
	case sys == "none":
		sys = "elf"
	case sys == "linux":
		sys = "linux-gnu"
	case strings.HasPrefix(sys, "mingw"):
		sys = "mingw32"
	case strings.HasPrefix(sys, "darwin"), strings.HasPrefix(sys, "macos"):
		sys = "darwin"
	}
	return Triplet{Arch: normalArch(t.Arch), System: sys}
}

func normalArch(a string) string {
	switch {
	case len(a) == 4 && a[0] == 'i' && strings.HasSuffix(a, "86"):
		return "i686"
	case a == "amd64":
		return "x86_64"
	case a == "arm64":
		return "aarch64"
	case a == "ppc64le":
		return "powerpc64le"
	case strings.HasPrefix(a, "riscv32"):
		return "riscv32"
	case strings.HasPrefix(a, "riscv64"):
		return "riscv64"
	case strings.HasPrefix(a, "armeb"):
		return "armeb"
	case strings.HasPrefix(a, "arm"):
		return "arm"
	}
	return a
}

// OS returns the operating system: "linux", "windows", "darwin", "none" for
// a machine without one, or else the system's name.
func (t Triplet) OS() string {
	sys := t.normal().System
	switch {
	case strings.HasPrefix(sys, "linux"):
		return "linux"
	case strings.HasPrefix(sys, "mingw"), strings.HasPrefix(sys, "windows"), strings.HasPrefix(sys, "cygwin"):
		return "windows"
	case sys == "darwin":
		return "darwin"
	case sys == "elf", sys == "eabi", sys == "eabihf", sys == "":
		return "none"
	}
	for _, name := range []string{"freebsd", "openbsd", "netbsd", "dragonfly", "solaris", "wasi"} {
		if strings.HasPrefix(sys, name) {
			return name
		}
	}
	return sys
}

// Runs reports whether programs for the machine run on the one that erg was
// built for, as they are.
func (t Triplet) Runs() bool {
	if t.OS() != runtime.GOOS {
		return false
	}
	arch := t.normal().Arch
	switch runtime.GOARCH {
	case "amd64":
		return arch == "x86_64" || arch == "i686" && runtime.GOOS == "linux"
	case "386":
		return arch == "i686"
	case "arm64":
		return arch == "aarch64"
	case "ppc64le":
		return arch == "powerpc64le"
	}
	return arch == runtime.GOARCH
}
