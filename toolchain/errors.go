package toolchain

import (
	"errors"
	"fmt"
	"strings"

	"erg.build/erg/engine"
)

// The errors of this package and of those below it carry a Hint: what to do
// about it, in one or two lines, without repeating the error.
type hinted interface{ Hint() string }

// Hint returns the hint of an error, or of the first that has one among those
// that were joined; "" when it has none.
func Hint(err error) string {
	var h hinted
	if errors.As(err, &h) {
		return h.Hint()
	}
	return ""
}

// A MissingError says that a tool is not there.
type MissingError struct {
	Address string   // of the toolchain
	Site    string   // where it was declared
	Tried   []string // the names, in order
	Where   string   // "along PATH", "in /opt/x/bin"
	Close   []string // what is there and has a similar name
	Package string   // the Debian package that holds it; "" if not known
	Err     error
}

func (e *MissingError) Error() string {
	what := "no " + e.Tried[0]
	if len(e.Tried) > 1 {
		what = "none of " + strings.Join(e.Tried, ", ")
	}
	return fmt.Sprintf("%s: %s found %s", e.Address, what, e.Where)
}

// Unwrap returns the cause.
func (e *MissingError) Unwrap() error { return e.Err }

// Hint names what could be used instead and the package to install.
func (e *MissingError) Hint() string {
	var hints []string
	if len(e.Close) > 0 {
		hint := fmt.Sprintf("There is %s: name it with cc = %q", strings.Join(e.Close, ", "), e.Close[0])
		if flags := selecting(e.Tried[0]); flags != "" {
			hint += " and flags such as " + flags
		}
		hints = append(hints, hint+".")
	}
	if e.Package != "" {
		hints = append(hints, "On Debian it is in the package "+e.Package+".")
	}
	return strings.Join(hints, "\n")
}

// A ProbeError says that a tool is there and does not do its work.
type ProbeError struct {
	Address string
	Site    string
	Doing   string // "asking gcc for its macros"
	Advice  string // a hint; may be empty
	Err     error
}

// Error says how the probe ended and all that it printed. The command that
// was run says little to people: Doing is what it was for.
func (e *ProbeError) Error() string {
	var probe *engine.ProbeError
	if !errors.As(e.Err, &probe) {
		return fmt.Sprintf("%s: %s: %v", e.Address, e.Doing, e.Err)
	}
	s := fmt.Sprintf("%s: %s: %v", e.Address, e.Doing, probe.Err)
	if probe.Output != "" {
		s += "\n" + strings.TrimRight(probe.Output, "\n")
	}
	return s
}

// Unwrap returns the cause.
func (e *ProbeError) Unwrap() error { return e.Err }

// Hint says what to look at.
func (e *ProbeError) Hint() string { return e.Advice }

// A TargetError says that the declared target is not what the probe found.
type TargetError struct {
	Address  string
	Site     string
	Declared string
	Found    string   // under the flags
	Plain    string   // what the tool says of itself, without the flags
	Tool     string   // "riscv64-unknown-elf-gcc"
	Flags    []string // those in effect
}

func (e *TargetError) Error() string {
	s := fmt.Sprintf("%s: target is declared as %q, but %s", e.Address, e.Declared, e.Tool)
	if len(e.Flags) > 0 {
		s += " " + strings.Join(e.Flags, " ")
	}
	s += fmt.Sprintf(" emits code for %q", e.Found)
	if e.Plain != e.Found && len(e.Flags) > 0 {
		s += fmt.Sprintf(" (without the flags: %q)", e.Plain)
	}
	return s
}

// Hint says which side may be wrong.
func (e *TargetError) Hint() string {
	if strings.HasPrefix(e.Address, "toolchain.ocaml.") {
		return "An OCaml compiler emits code for one machine. Set prefix to one for " + e.Declared + ", or declare target = \"" + e.Found + "\"."
	}
	if !SameArch(Parse(e.Declared).Arch, Parse(e.Found).Arch) && len(e.Flags) == 0 {
		flags := "flags that select it"
		if strings.Contains(e.Tool, "clang") {
			flags = "flags = [\"--target=" + e.Declared + "\"]"
		} else if s := selecting(e.Declared); s != "" {
			flags = "flags that select it (such as " + s + ")"
		}
		return "Set cc to a compiler for " + e.Declared + ", or " + flags + ", or declare target = \"" + e.Found + "\"."
	}
	return "Declare target = \"" + e.Found + "\", or change cc or flags."
}

// selecting returns flags that make a compiler for the 64-bit processors of
// a family emit code for the 32-bit ones that the triplet names.
func selecting(triplet string) string {
	switch normalArch(Parse(triplet).Arch) {
	case "riscv32":
		return `["-march=rv32imac", "-mabi=ilp32"]`
	case "i686":
		return `["-m32"]`
	}
	return ""
}
