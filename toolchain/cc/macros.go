package cc

import (
	"fmt"
	"path"
	"strconv"
	"strings"

	"erg.build/erg/engine"
	"erg.build/erg/engine/action"
	"erg.build/erg/toolchain"
)

// about is what a compiler says of itself, under its flags.
type about struct {
	machine      string // what -dumpmachine says, whatever the flags are
	target       string
	arch         string
	wordSize     int // bits of a pointer
	endian       string
	family       string
	version      string
	format       string // of objects: "elf", "pe", "macho", "wasm"
	linkerDeps   bool   // the linker reports what it reads
	freestanding bool   // compiles for no operating system: -ffreestanding
}

// atLeast reports whether the compiler's major version is at least that.
func (a about) atLeast(major int) bool {
	first, _, _ := strings.Cut(a.version, ".")
	n, err := strconv.Atoi(first)
	return err == nil && n >= major
}

// probe asks the compiler for its macros and its machine. These probes are
// keyed by the identity: the answers do not depend on where it lies.
func (tc *Toolchain) probe(t *engine.Task) error {
	name := path.Base(tc.layout.driver)
	id := tc.layout.tool("cc", tc.id)
	env := baseEnv(tc.layout.path)
	macros := append([]string{tc.layout.driver}, tc.cfg.Flags...)
	macros = append(macros, "-dM", "-E", "-x", "c", "/dev/null")
	out, err := ask(t, tc.cfg, "macros of "+name, env, id, macros...)
	if err != nil {
		return err
	}
	machine := append([]string{tc.layout.driver}, tc.cfg.Flags...)
	mach, err := ask(t, tc.cfg, name+" -dumpmachine", env, id, append(machine, "-dumpmachine")...)
	if err != nil {
		return err
	}
	tc.about, err = describe(parseMacros(out), strings.TrimSpace(mach))
	if err != nil {
		return &toolchain.ProbeError{Address: tc.cfg.Address(), Site: tc.cfg.Site, Doing: "probing " + name, Err: err}
	}
	tc.about.linkerDeps, err = tc.probeLinker(t)
	return err
}

// agrees reports whether a declared target is the one that was found. Under
// -ffreestanding the system that a compiler names is only where it came from:
// a bare machine with the same processor and kind of objects is one, too.
func (a about) agrees(declared string) bool {
	if toolchain.Same(declared, a.target) {
		return true
	}
	want := toolchain.Parse(declared)
	return a.freestanding && a.format == "elf" && want.OS() == "none" && toolchain.SameArch(want.Arch, a.arch)
}

// probeLinker reports whether the linker can write a dependency file. A
// linker that fails to print its help cannot.
func (tc *Toolchain) probeLinker(t *engine.Task) (bool, error) {
	ld := tc.layout.tools["ld"]
	for role, file := range tc.layout.tools {
		if strings.HasPrefix(role, "ld.") {
			ld = file
		}
	}
	if ld == "" {
		return false, nil
	}
	out, err := t.Probe(action.Spec{
		Name:  "probe " + path.Base(ld) + " --help",
		Argv:  []string{ld, "--help"},
		Env:   toolchain.Environ(baseEnv(tc.layout.path), tc.cfg.Env),
		Tools: tc.tools(),
	})
	if err != nil {
		return false, t.Context().Err()
	}
	return strings.Contains(string(out), "--dependency-file"), nil
}

// parseMacros reads the output of -dM.
func parseMacros(out string) map[string]string {
	m := map[string]string{}
	for line := range strings.Lines(out) {
		def, ok := strings.CutPrefix(strings.TrimRight(line, "\r\n"), "#define ")
		if !ok {
			continue
		}
		name, value, _ := strings.Cut(def, " ")
		m[name] = value
	}
	return m
}

// describe turns macros, and the machine for what macros do not tell, into
// facts.
func describe(m map[string]string, machine string) (about, error) {
	a := about{machine: machine, endian: "little", family: "gcc", format: "elf"}
	has := func(name string) bool { _, ok := m[name]; return ok }
	if !has("__GNUC__") {
		return a, fmt.Errorf("the compiler is neither gcc nor clang, nor like one of them: it does not define __GNUC__")
	}
	if m["__BYTE_ORDER__"] == "__ORDER_BIG_ENDIAN__" || m["__BYTE_ORDER__"] == "4321" {
		a.endian = "big"
	}
	version := []string{"__GNUC__", "__GNUC_MINOR__", "__GNUC_PATCHLEVEL__"}
	if has("__clang__") {
		a.family = "clang"
		version = []string{"__clang_major__", "__clang_minor__", "__clang_patchlevel__"}
	}
	a.version = m[version[0]] + "." + m[version[1]] + "." + m[version[2]]
	switch {
	case has("_WIN32"):
		a.format = "pe"
	case has("__APPLE__"):
		a.format = "macho"
	case has("__wasm__"):
		a.format = "wasm"
	}
	bytes, err := strconv.Atoi(m["__SIZEOF_POINTER__"])
	if err != nil {
		return a, fmt.Errorf("the compiler's macro __SIZEOF_POINTER__ is %q", m["__SIZEOF_POINTER__"])
	}
	a.wordSize = 8 * bytes
	a.freestanding = m["__STDC_HOSTED__"] == "0"
	a.arch, a.target = machineOf(m, machine, a)
	return a, nil
}

// machineOf returns the processor that the macros tell of, and the machine's
// triplet with it: flags may change both (-m32, -mabi=ilp32).
func machineOf(m map[string]string, machine string, a about) (arch, target string) {
	tr := toolchain.Parse(machine)
	tr.System = strings.TrimPrefix(tr.System, "unknown-")
	arch = archOf(m, a.endian)
	if arch == "" || toolchain.SameArch(arch, tr.Arch) {
		arch = tr.Arch
	}
	tr.Arch = arch
	if arch == "x86_64" && a.wordSize == 32 {
		tr.System = strings.TrimSuffix(tr.System, "x32") + "x32"
	}
	return arch, tr.String()
}

// archOf returns the processor that the macros tell of, "" if they do not.
func archOf(m map[string]string, endian string) string {
	has := func(name string) bool { _, ok := m[name]; return ok }
	pick := func(big, little string) string {
		if endian == "big" {
			return big
		}
		return little
	}
	switch {
	case has("__x86_64__"):
		return "x86_64"
	case has("__i386__"):
		return "i686"
	case has("__riscv"):
		return "riscv" + m["__riscv_xlen"]
	case has("__aarch64__"):
		return pick("aarch64_be", "aarch64")
	case has("__arm__"):
		return pick("armeb", "arm")
	case has("__powerpc64__"):
		return pick("powerpc64", "powerpc64le")
	case has("__powerpc__"):
		return pick("powerpc", "powerpcle")
	case has("__mips64"):
		return pick("mips64", "mips64el")
	case has("__mips__"):
		return pick("mips", "mipsel")
	case has("__s390x__"):
		return "s390x"
	case has("__loongarch_grlen"):
		return "loongarch" + m["__loongarch_grlen"]
	case has("__sparc__") && has("__arch64__"):
		return "sparc64"
	case has("__sparc__"):
		return "sparc"
	case has("__wasm64__"):
		return "wasm64"
	case has("__wasm__"):
		return "wasm32"
	case has("__AVR__"):
		return "avr"
	case has("__MSP430__"):
		return "msp430"
	case has("__XTENSA__"):
		return "xtensa"
	case has("__m68k__"):
		return "m68k"
	}
	return ""
}
