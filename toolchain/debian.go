package toolchain

import "strings"

// debian names the packages of programs whose package is not named after
// them.
var debian = map[string]string{
	"gcc": "gcc", "cc": "gcc", "clang": "clang", "g++": "g++", "ar": "binutils", "as": "binutils", "ld": "binutils",
	"ocamlc": "ocaml-nox", "ocamlopt": "ocaml-nox", "ocamlc.opt": "ocaml-nox", "ocamldep": "ocaml-nox",
	"arm-none-eabi-gcc":       "gcc-arm-none-eabi",
	"avr-gcc":                 "gcc-avr",
	"msp430-elf-gcc":          "gcc-msp430",
	"riscv32-unknown-elf-gcc": "gcc-riscv64-unknown-elf",
	"riscv64-unknown-elf-gcc": "gcc-riscv64-unknown-elf",
	"x86_64-w64-mingw32-gcc":  "gcc-mingw-w64-x86-64",
	"i686-w64-mingw32-gcc":    "gcc-mingw-w64-i686",
	"xtensa-lx106-elf-gcc":    "gcc-xtensa-lx106",
	"or1k-elf-gcc":            "gcc-or1k-elf",
	"m68hc1x-gcc":             "gcc-m68hc1x",
	"musl-gcc":                "musl-tools",
}

// DebianPackage returns the Debian package that holds a program; "" if that
// is not known.
func DebianPackage(program string) string {
	program = program[strings.LastIndexByte(program, '/')+1:]
	if p := debian[program]; p != "" {
		return p
	}
	if version, ok := strings.CutPrefix(program, "gcc-"); ok && isNumber(version) {
		return program
	}
	if version, ok := strings.CutPrefix(program, "clang-"); ok && isNumber(version) {
		return program
	}
	if target, ok := strings.CutSuffix(program, "-gcc"); ok && strings.HasPrefix(Parse(target).System, "linux-gnu") {
		return "gcc-" + strings.ReplaceAll(target, "_", "-")
	}
	return ""
}

func isNumber(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
