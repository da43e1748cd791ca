package ninja_test

import (
	"errors"
	"fmt"
	"io/fs"
	"reflect"
	"strings"
	"testing"

	"erg.build/erg/contexts/ninja"
)

// Two edges with dyndep file dd, one with another, one with none.
const dyndepGraph = `
rule r
  command = r
build a a2 | a3: r x || dd
  dyndep = dd
build b: r dd
  dyndep = dd
build c: r other
  dyndep = other
build d: r dd
`

func readDyndep(g *ninja.Graph, text string) ([]ninja.Dyndep, error) {
	n, ok := g.Lookup("dd")
	if !ok {
		panic("no dd")
	}
	return g.ReadDyndep(n, []byte(text))
}

func TestDyndep(t *testing.T) {
	g := mustParse(t, dyndepGraph)
	for _, test := range []struct {
		name, text string
		want       []ninja.Dyndep
	}{
		{"least", "ninja_dyndep_version = 1\nbuild a: dyndep\nbuild b: dyndep\n",
			[]ninja.Dyndep{{Edge: 0}, {Edge: 1}}},
		{"version suffix", "ninja_dyndep_version = 1.0-anything\nbuild b: dyndep\nbuild a: dyndep\n",
			[]ninja.Dyndep{{Edge: 1}, {Edge: 0}}},
		{"all", "# comment\n\nninja_dyndep_version = 1.0\r\n\nbuild ./a2 | m1$ x ./m2: dyndep | x//y z$:\n" +
			"  restat = 1\nbuild b: dyndep | m2\n  restat =\n",
			[]ninja.Dyndep{
				{Edge: 0, Outputs: []string{"m1 x", "m2"}, Inputs: []string{"x/y", "z:"}, Restat: true},
				{Edge: 1, Inputs: []string{"m2"}}}},
		{"empty lists", "ninja_dyndep_version = 1\nbuild a3 |: dyndep |\nbuild b: dyndep\n",
			[]ninja.Dyndep{{Edge: 0}, {Edge: 1}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := readDyndep(g, test.text)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

const (
	dyndepHead = "ninja_dyndep_version = 1\n"
	dyndepB    = "build b: dyndep\n"
)

// dyndepErrors are dyndep files of dyndepGraph that are wrong.
var dyndepErrors = []struct{ text, want string }{
	{"", "1:1: expected 'ninja_dyndep_version = ...'"},
	{"\n\n", "3:1: expected 'ninja_dyndep_version = ...'"},
	{"build a: dyndep\n", "1:1: expected 'ninja_dyndep_version = ...'"},
	{"ninja_dyndep_version = 2\n", "1:24: unsupported 'ninja_dyndep_version = 2'"},
	{"ninja_dyndep_version = 1.1\n", "1:24: unsupported 'ninja_dyndep_version = 1.1'"},
	{"ninja_dyndep_version =\n", "1:23: unsupported 'ninja_dyndep_version = '"},
	{"ninja_required_version = 1\n", "1:1: expected 'ninja_dyndep_version = ...'"},
	{"ninja_dyndep_version = 1", "1:25: unexpected EOF"},
	{"ninja_dyndep_version 1\n", "1:22: expected '=', got identifier"},
	{dyndepHead + dyndepHead, "2:1: unexpected identifier"},
	{dyndepHead + "rule x\n", "2:1: unexpected 'rule'"},
	{dyndepHead + "\tx\n", "2:1: tabs are not allowed, use spaces"},
	{dyndepHead + "build\n", "2:6: expected path"},
	{dyndepHead + "build $x: dyndep\n", "2:7: empty path"},
	{dyndepHead + "build unknown: dyndep\n", "2:7: no build statement exists for 'unknown'"},
	{dyndepHead + "build x: dyndep\n", "2:7: no build statement exists for 'x'"},
	{dyndepHead + "build a: dyndep\nbuild a2: dyndep\n", "3:7: multiple statements for 'a2'"},
	{dyndepHead + "build a y: dyndep\n", "2:9: explicit outputs not supported"},
	{dyndepHead + "build a\n", "2:8: expected ':', got newline ($ also escapes ':')"},
	{dyndepHead + "build a: phony\n", "2:10: expected build command name 'dyndep'"},
	{dyndepHead + "build a: dyndep x\n", "2:17: explicit inputs not supported"},
	{dyndepHead + "build a: dyndep || x\n", "2:17: order-only inputs not supported"},
	{dyndepHead + "build a: dyndep | x || y\n", "2:21: order-only inputs not supported"},
	{dyndepHead + "build a: dyndep |@ y\n", "2:17: expected newline, got '|@'"},
	{dyndepHead + "build a: dyndep | $x\n", "2:19: empty path"},
	{dyndepHead + "build a: dyndep\n  x = 1\n", "3:3: binding is not 'restat'"},
	{dyndepHead + "build a: dyndep\n  restat = 1\n  restat = 1\n", "4:1: unexpected indent"},
	{dyndepHead + "build a: dyndep\n", "1:1: 'b' not mentioned in its dyndep file 'dd'"},
	{dyndepHead + "build a: dyndep\n" + dyndepB + "build c: dyndep\n", "4:7: dyndep file 'dd' mentions output 'c' whose build statement does not have a dyndep binding for the file"},
	{dyndepHead + "build a: dyndep\n" + dyndepB + "build d: dyndep\n", "4:7: dyndep file 'dd' mentions output 'd' whose build statement does not have a dyndep binding for the file"},
	{dyndepHead + "build a | c: dyndep\n", "2:11: multiple rules generate c"},
	{dyndepHead + "build a | a: dyndep\n", "2:11: multiple rules generate a"},
	{dyndepHead + "build a | m: dyndep\nbuild b | ./m: dyndep\n", "3:11: multiple rules generate m"},
	{dyndepHead + "build a | $x: phony\n", "2:15: expected build command name 'dyndep'"},
	{dyndepHead + "build a | $x: dyndep\n", "2:11: empty path"},
}

func TestDyndepErrors(t *testing.T) {
	g := mustParse(t, dyndepGraph)
	for _, test := range dyndepErrors {
		_, err := readDyndep(g, test.text)
		if err == nil {
			t.Errorf("%q: no error", test.text)
			continue
		}
		first, _, _ := strings.Cut(err.Error(), "\n")
		if want := "dd:" + test.want; first != want {
			t.Errorf("%q:\ngot  %s\nwant %s", test.text, first, want)
		}
	}
}

func TestShowIncludes(t *testing.T) {
	for _, test := range []struct {
		name, prefix, output, rest string
		includes                   []string
	}{
		{"nothing", "", "", "", nil},
		{"plain", "", "foo\n", "foo\n", nil},
		{"no newline", "", "foo", "foo\n", nil},
		{"line ends", "", "a\r\nb\rc\n\nd", "a\nb\nc\n\nd\n", nil},
		{"source", "", "foo.cc\nNote: including file: foo.h\nbar.cc\n", "bar.cc\n", []string{"foo.h"}},
		{"sources", "", "A.C\nb.Cpp\nc.cxx\nd.c++\ne.asm\n", "e.asm\n", nil},
		{"nested", "", "Note: including file:   a.h\r\nNote: including file:  ./b/../b.h\r\nwarning\r\n", "warning\n", []string{"a.h", "b.h"}},
		{"twice", "", "Note: including file: b.h\nNote: including file: a.h\nNote: including file: b.h\n", "", []string{"b.h", "a.h"}},
		{"system", "", "Note: including file: C:\\Program Files\\x.h\nNote: including file: d:\\MICROSOFT visual STUDIO 9\\y.h\nNote: including file: z.h\n", "", []string{"z.h"}},
		{"localized", "Bemerkung: ", "Bemerkung: a.h\nNote: including file: b.h\n", "Note: including file: b.h\n", []string{"a.h"}},
		{"no path", "", "Note: including file: \nNote: including file:    \n", "Note: including file: \nNote: including file:    \n", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			rest, includes := ninja.ShowIncludes([]byte(test.output), test.prefix)
			if string(rest) != test.rest || !reflect.DeepEqual(includes, test.includes) {
				t.Errorf("got %q, %q; want %q, %q", rest, includes, test.rest, test.includes)
			}
		})
	}
}

func TestOpenError(t *testing.T) {
	missing := func(name string) ([]byte, error) {
		return nil, fmt.Errorf("no luck: %w", fs.ErrNotExist)
	}
	_, err := ninja.Read("build.ninja", missing)
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	if want := "loading 'build.ninja': no luck: file does not exist"; err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	_, err = parse("include x\n")
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}
