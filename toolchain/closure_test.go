package toolchain

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

func TestScriptPrograms(t *testing.T) {
	got := scriptPrograms([]byte("#!/usr/bin/env -S sh\nCC=/opt/gcc/bin/gcc\nexec \"/usr/bin/../bin/x\" $@ >/dev/null\n"))
	if want := []string{"/usr/bin/env", "/opt/gcc/bin/gcc", "/usr/bin/x"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if x := examineELF("/bin/x", strings.NewReader("no ELF file")); x.linker != "" || len(x.libraries) != 0 {
		t.Errorf("%+v", x)
	}
}

func FuzzExamineELF(f *testing.F) {
	f.Add([]byte("\x7fELF\x02\x01\x01"))
	f.Fuzz(func(t *testing.T, b []byte) { examineELF("/bin/x", bytes.NewReader(b)) })
}
