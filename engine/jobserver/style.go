package jobserver

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A Prober finds out how programs want to be told of a pool. It asks each
// make once.
type Prober struct {
	makes sync.Map // path to func() Style
}

// Style looks at a command line, whole or in words, which runs in dir with
// env. Only make is asked, by its --version, and only where a command
// mentions it: all else takes one of the styles, or both.
func (p *Prober) Style(command, dir string, env []string) Style {
	if !strings.Contains(command, "make") && !strings.Contains(command, "ninja") {
		return Pipe
	}
	style, known := Pipe, false
	for _, w := range strings.FieldsFunc(command, func(r rune) bool { return strings.ContainsRune(" \t\n;&|()'\"`=", r) }) {
		switch base := filepath.Base(w); {
		case base == "ninja" || base == "ninja-build":
			if !known {
				style = Fifo
			}
		case base == "make" || base == "gmake":
			return p.ofMake(w, dir, env)
		case base == "cmake":
			// What it runs, the build tree says. ninja does without, if need be.
			style, known = p.ofMake("make", dir, env), true
		}
	}
	return style
}

// ofMake is the style for a make by its name or path.
func (p *Prober) ofMake(name, dir string, env []string) Style {
	path := find(name, dir, env)
	if path == "" {
		return Fifo // what cannot be started needs none
	}
	ask, _ := p.makes.LoadOrStore(path, sync.OnceValue(func() Style { return askMake(path) }))
	return ask.(func() Style)()
}

// find looks a program up as the command would.
func find(name, dir string, env []string) string {
	if strings.Contains(name, "/") {
		if !filepath.IsAbs(name) {
			name = filepath.Join(dir, name)
		}
		return name
	}
	path := ""
	for _, e := range env {
		if v, ok := strings.CutPrefix(e, "PATH="); ok {
			path = v
		}
	}
	for _, d := range filepath.SplitList(path) {
		if !filepath.IsAbs(d) {
			d = filepath.Join(dir, d)
		}
		file := filepath.Join(d, name)
		if fi, err := os.Stat(file); err == nil && fi.Mode().IsRegular() && fi.Mode()&0o111 != 0 {
			return file
		}
	}
	return ""
}

// patience is how long make may take to say its version.
const patience = 5 * time.Second

var gnuMake = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^GNU Make (\d+)\.(\d+)`) })

func askMake(path string) Style {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, "--version")
	cmd.Env = []string{"LC_ALL=C", "PATH=" + os.Getenv("PATH")}
	text, err := cmd.Output()
	m := gnuMake().FindSubmatch(text)
	if err != nil || m == nil {
		return Pipe
	}
	major, _ := strconv.Atoi(string(m[1]))
	minor, _ := strconv.Atoi(string(m[2]))
	if major > 4 || major == 4 && minor >= 4 {
		return Fifo
	}
	return Pipe
}
