package ninjacmd

import (
	"reflect"
	"testing"
)

func TestGetopt(t *testing.T) {
	known := []option{{'s', "", false}, {'0', "print0", false}, {'d', "delimiter", true}}
	for _, test := range []struct {
		args   []string
		values map[byte]string
		rest   []string
		err    string
	}{
		{args: nil, values: map[byte]string{}},
		{args: []string{"a", "-s", "b"}, values: map[byte]string{'s': ""}, rest: []string{"a", "b"}},
		{args: []string{"-s0"}, values: map[byte]string{'s': "", '0': ""}},
		{args: []string{"-s0d,", "-"}, values: map[byte]string{'s': "", '0': "", 'd': ","}, rest: []string{"-"}},
		{args: []string{"-d", "-s"}, values: map[byte]string{'d': "-s"}},
		{args: []string{"--delimiter=", "x"}, values: map[byte]string{'d': ""}, rest: []string{"x"}},
		{args: []string{"--delimiter", "--", "x"}, values: map[byte]string{'d': "--"}, rest: []string{"x"}},
		{args: []string{"x", "--", "-s"}, values: map[byte]string{}, rest: []string{"x", "-s"}},
		{args: []string{"-x"}, err: "tool: invalid option -- 'x'"},
		{args: []string{"-sx"}, err: "tool: invalid option -- 'x'"},
		{args: []string{"-d"}, err: "tool: option requires an argument -- 'd'"},
		{args: []string{"--delimiter"}, err: "tool: option '--delimiter' requires an argument"},
		{args: []string{"--print0=x"}, err: "tool: option '--print0' doesn't allow an argument"},
		{args: []string{"--nosuch"}, err: "tool: unrecognized option '--nosuch'"},
		{args: []string{"--=x"}, err: "tool: unrecognized option '--'"},
	} {
		values, rest, err := getopt("tool", test.args, known...)
		if test.err != "" {
			if err == nil || err.Error() != test.err {
				t.Errorf("%q: got error %v, want %s", test.args, err, test.err)
			}
			continue
		}
		if err != nil || !reflect.DeepEqual(values, test.values) || !reflect.DeepEqual(rest, test.rest) {
			t.Errorf("%q: got %q, %q, %v; want %q, %q", test.args, values, rest, err, test.values, test.rest)
		}
	}
	for _, args := range [][]string{{"-h"}, {"--help"}, {"-sh"}, {"x", "-h", "--nosuch"}} {
		if _, _, err := getopt("tool", args, known...); err != errHelp {
			t.Errorf("%q: got %v, want help", args, err)
		}
	}
}

func TestDidYouMean(t *testing.T) {
	for word, want := range map[string]string{
		"clea":    ", did you mean 'clean'?",
		"query":   ", did you mean 'query'?",
		"xcleanx": ", did you mean 'clean'?",
		"zzzz":    "",
		"":        "",
	} {
		if got := didYouMean(word, "clean", "query"); got != want {
			t.Errorf("%q: got %q, want %q", word, got, want)
		}
	}
}
