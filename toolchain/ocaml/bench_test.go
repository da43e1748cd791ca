package ocaml

import (
	"fmt"
	"testing"

	"erg.build/erg/toolchain/cc"
)

// BenchmarkUnit is what a unit of 500 modules among 40 libraries costs from
// ocamldep's answer to the last specification.
func BenchmarkUnit(b *testing.B) {
	tc := &Toolchain{conf: config{"version": "5.3.0"}, tools: map[string]string{"ocamlc": "/b/ocamlc.opt", "ocamlopt": "/b/ocamlopt.opt"}}
	var libs []*Library
	for i := range 40 {
		l := &Library{Name: fmt.Sprintf("lib%d", i), Dir: fmt.Sprintf("_build/app/lib%d/.objs", i), Provides: []string{fmt.Sprintf("Lib%d", i)}, Sums: "sums", Opaque: true}
		l.Deps = libs[max(0, i-3):i]
		libs = append(libs, l)
	}
	u := Unit{Owner: cc.Owner{Root: "_build/app", Dir: "x", Name: "x"}, Exact: true, Deps: libs[37:]}
	for i := range 500 {
		u.Modules = append(u.Modules, mod(fmt.Sprintf("x/m%03d", i), i%2 == 0))
	}
	b.ReportAllocs()
	for b.Loop() {
		x, err := tc.library(u)
		if err != nil {
			b.Fatal(err)
		}
		for i, m := range x.src.modules {
			for j := max(0, i-5); j < i; j++ {
				m.implNames = append(m.implNames, x.src.modules[j].name)
			}
			m.implNames = append(m.implNames, "Lib39", "List")
		}
		x.flags = map[Mode][]string{Byte: x.compileFlags(Byte), Native: x.compileFlags(Native)}
		if err := x.resolve(); err != nil {
			b.Fatal(err)
		}
		if x.modules, err = order("", x.src.modules); err != nil {
			b.Fatal(err)
		}
		x.named = x.librariesNamed()
		x.reach = reaches(x.modules, x.named)
		for _, m := range x.src.modules {
			if m.intf != "" {
				x.interfaceSpec(m)
			}
			x.implementation(m, Native)
			x.implementation(m, Byte)
		}
	}
}
