package show

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func env(vars ...string) func(string) string {
	return func(name string) string {
		for _, v := range vars {
			if value, ok := strings.CutPrefix(v, name+"="); ok {
				return value
			}
		}
		return ""
	}
}

func TestOpen(t *testing.T) {
	var stdout, stderr bytes.Buffer
	timeline := filepath.Join(t.TempDir(), "trace.json")
	opts := Options{Stdout: &stdout, Stderr: &stderr, Getenv: env("TERM=xterm"), Start: time.Now(), Timeline: timeline}
	for _, asJSON := range []bool{false, true} {
		opts.JSON = asJSON
		sink, err := Open(opts)
		if err != nil {
			t.Fatal(err)
		}
		play(sink, failedBuild)
		for range 2 {
			if err := sink.Close(); err != nil {
				t.Fatal(err)
			}
		}
		trace, err := os.ReadFile(timeline)
		if err != nil || !json.Valid(trace) {
			t.Errorf("timeline: %v, %s", err, trace)
		}
	}
	if got := stderr.String(); !strings.Contains(got, "[ 1/12] cc lib/b.c") || strings.Contains(got, "\x1b") {
		t.Errorf("stderr: %s", got)
	}
	if got := stdout.String(); !strings.HasPrefix(got, `{"event":`) {
		t.Errorf("stdout: %s", got)
	}
}

func TestOpenReportsTheTimeline(t *testing.T) {
	_, err := Open(Options{Timeline: filepath.Join(t.TempDir(), "none", "trace.json")})
	if err == nil || !strings.HasPrefix(err.Error(), "--timeline: ") {
		t.Errorf("got %v", err)
	}
}

func TestUseColor(t *testing.T) {
	var pipe bytes.Buffer
	for _, test := range []struct {
		mode ColorMode
		env  string
		want bool
	}{
		{Auto, "TERM=xterm", false}, // not a terminal
		{Always, "NO_COLOR=1", true},
		{Never, "TERM=xterm", false},
	} {
		if got := UseColor(&pipe, test.mode, env(test.env)); got != test.want {
			t.Errorf("UseColor(%q, %s) = %t", test.mode, test.env, got)
		}
	}
}

func TestHasUnicode(t *testing.T) {
	for _, test := range []struct {
		env  []string
		want bool
	}{
		{[]string{"LANG=de_DE.UTF-8"}, true},
		{[]string{"LANG=C.utf8"}, true},
		{[]string{"LANG=C.UTF-8", "LC_ALL=C"}, false},
		{[]string{"LANG=C", "LC_CTYPE=en_US.UTF-8"}, true},
	} {
		if got := hasUnicode(env(test.env...)); got != test.want {
			t.Errorf("hasUnicode(%v) = %t", test.env, got)
		}
	}
}
