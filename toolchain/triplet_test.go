package toolchain

import (
	"runtime"
	"testing"
)

func TestParse(t *testing.T) {
	for _, c := range []struct{ in, arch, vendor, system, os string }{
		{"x86_64-linux-gnu", "x86_64", "", "linux-gnu", "linux"},
		{"x86_64-pc-linux-gnu", "x86_64", "pc", "linux-gnu", "linux"},
		{"x86_64-w64-mingw32", "x86_64", "w64", "mingw32", "windows"},
		{"riscv32-unknown-elf", "riscv32", "unknown", "elf", "none"},
		{"riscv32-unknown-unknown-elf", "riscv32", "unknown", "unknown-elf", "none"},
		{"arm-none-eabi", "arm", "", "none-eabi", "none"},
		{"avr", "avr", "", "", "none"},
		{"aarch64-apple-darwin21", "aarch64", "apple", "darwin21", "darwin"},
		{"x86_64-unknown-freebsd13", "x86_64", "unknown", "freebsd13", "freebsd"},
		{"aarch64-poky-linux", "aarch64", "poky", "linux", "linux"},
	} {
		got := Parse(c.in)
		if got.Arch != c.arch || got.Vendor != c.vendor || got.System != c.system || got.OS() != c.os {
			t.Errorf("Parse(%q) = %+v on %s", c.in, got, got.OS())
		}
		if got.String() != c.in {
			t.Errorf("%q prints as %q", c.in, got)
		}
	}
}

func TestSame(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"x86_64-linux-gnu", "x86_64-pc-linux-gnu", true},
		{"i386-linux-gnu", "i686-linux-gnu", true},
		{"riscv32-unknown-elf", "riscv32-unknown-unknown-elf", true},
		{"riscv32imac-unknown-none-elf", "riscv32-unknown-elf", true},
		{"x86_64-w64-mingw32", "x86_64-w64-mingw32", true},
		{"arm64-apple-darwin21", "aarch64-apple-darwin", true},
		{"riscv32-unknown-elf", "riscv64-unknown-elf", false},
		{"x86_64-linux-gnu", "x86_64-linux-musl", false},
		{"x86_64-linux-gnu", "x86_64-linux-gnux32", false},
		{"arm-none-eabi", "arm-none-eabihf", false},
	} {
		if got := Same(c.a, c.b); got != c.want {
			t.Errorf("Same(%q, %q) = %v", c.a, c.b, got)
		}
	}
}

func TestRuns(t *testing.T) {
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		t.Skip("the table is for one machine")
	}
	for triplet, want := range map[string]bool{
		"x86_64-linux-gnu": true, "i686-linux-gnu": true, "x86_64-linux-musl": true,
		"aarch64-linux-gnu": false, "x86_64-w64-mingw32": false, "x86_64-unknown-elf": false,
	} {
		if got := Parse(triplet).Runs(); got != want {
			t.Errorf("programs for %s run here: %v", triplet, got)
		}
	}
}

func TestLink(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"x86_64-linux-gnu", "x86_64-pc-linux-gnu", true},
		{"x86_64-linux-gnu", "x86_64-unknown-elf", true},
		{"x86_64-linux-gnu", "x86_64-w64-mingw32", false},
		{"x86_64-linux-gnu", "riscv32-unknown-elf", false},
		{"amd64-linux", "x86_64-linux-gnu", true},
	} {
		if Link(c.a, c.b) != c.want || Link(c.b, c.a) != c.want {
			t.Errorf("%s and %s are linked: %v", c.a, c.b, !c.want)
		}
	}
}

func TestDebianPackage(t *testing.T) {
	for program, want := range map[string]string{
		"gcc": "gcc", "gcc-13": "gcc-13", "clang-16": "clang-16",
		"aarch64-linux-gnu-gcc":   "gcc-aarch64-linux-gnu",
		"x86_64-linux-gnu-gcc":    "gcc-x86-64-linux-gnu",
		"riscv64-unknown-elf-gcc": "gcc-riscv64-unknown-elf",
		"/opt/bin/avr-gcc":        "gcc-avr",
		"frobnicate":              "",
	} {
		if got := DebianPackage(program); got != want {
			t.Errorf("DebianPackage(%q) = %q, want %q", program, got, want)
		}
	}
}

func TestAddress(t *testing.T) {
	if got := (Config{Kind: "cc", Name: "x"}).Address(); got != "toolchain.cc.x" {
		t.Error(got)
	}
	c := Config{Kind: "ocaml", Name: "built", Key: "5.3", Flags: []string{"-a"}, Runner: &Runner{Command: []string{"{program}"}}}
	if got := c.Address(); got != `toolchain.ocaml.built["5.3"]` {
		t.Error(got)
	}
	d, err := Decode(c.Encode())
	if err != nil || d.Encode() != c.Encode() {
		t.Errorf("%+v does not survive: %+v, %v", c, d, err)
	}
}
