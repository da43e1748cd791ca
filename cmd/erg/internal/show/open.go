package show

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"

	"golang.org/x/term"

	"erg.build/erg/engine/event"
)

// ColorMode is the value of --color.
type ColorMode string

const (
	Auto   ColorMode = "auto" // on terminals that have colours, unless NO_COLOR is set
	Always ColorMode = "always"
	Never  ColorMode = "never"
)

// Options say where a command shows its build, and how.
type Options struct {
	Stdout, Stderr io.Writer           // JSON goes to Stdout, what people read to Stderr
	Getenv         func(string) string // NO_COLOR, TERM and the locale
	Start          time.Time           // when the build began
	Color          ColorMode
	JSON           bool
	Quiet          bool   // say nothing about a build that went well
	Explain        bool   // say of each action why it was done
	Timeline       string // the file to write a trace to; "" for none
}

// Open returns the sink that a command's streams, environment and flags ask
// for. Its Event may be called from several goroutines. An error is about the
// timeline's file.
func Open(opts Options) (Sink, error) {
	var sinks []Sink
	if opts.Timeline != "" {
		file, err := os.Create(opts.Timeline)
		if err != nil {
			return nil, fmt.Errorf("--timeline: %w", err)
		}
		sinks = append(sinks, &timelineFile{NewTimeline(file), file})
	}
	color := UseColor(opts.Stderr, opts.Color, opts.Getenv)
	switch {
	case opts.JSON:
		j := NewJSON(opts.Stdout, Since(opts.Start))
		j.Explain = opts.Explain
		sinks = append(sinks, j)
	case isTerminal(opts.Stderr) && !isDumb(opts.Getenv):
		t := NewTerminal(TerminalOptions{
			Out:     opts.Stderr,
			Size:    sizeOf(opts.Stderr),
			Clock:   Since(opts.Start),
			Color:   color,
			Unicode: hasUnicode(opts.Getenv),
			Quiet:   opts.Quiet,
		})
		t.Start()
		sinks = append(sinks, explained(t, opts.Explain))
	default:
		p := NewPlain(PlainOptions{Out: opts.Stderr, Color: color, Quiet: opts.Quiet, Clock: Since(opts.Start)})
		p.Start()
		sinks = append(sinks, explained(p, opts.Explain))
	}
	if len(sinks) == 1 {
		return Locked(sinks[0]), nil
	}
	return Locked(Tee(sinks...)), nil
}

// timelineFile is a Timeline that closes its file.
type timelineFile struct {
	timeline *Timeline
	file     *os.File
}

func (t *timelineFile) Event(e event.Event) { t.timeline.Event(e) }

func (t *timelineFile) Close() error {
	err := t.timeline.Close()
	if closeErr := t.file.Close(); !errors.Is(closeErr, os.ErrClosed) {
		err = errors.Join(err, closeErr)
	}
	return err
}

// UseColor reports whether to write colours to w. NO_COLOR and TERM=dumb
// decide for Auto only: who says --color=always means it.
func UseColor(w io.Writer, mode ColorMode, getenv func(string) string) bool {
	switch mode {
	case Always:
		return true
	case Never:
		return false
	}
	return getenv("NO_COLOR") == "" && !isDumb(getenv) && isTerminal(w)
}

// isTerminal reports whether w is an open terminal.
func isTerminal(w io.Writer) bool {
	f, ok := w.(interface{ Fd() uintptr })
	return ok && term.IsTerminal(int(f.Fd()))
}

// isDumb reports whether the terminal cannot move its cursor.
func isDumb(getenv func(string) string) bool {
	kind := getenv("TERM")
	return kind == "dumb" || kind == "" && runtime.GOOS != "windows"
}

// hasUnicode reports whether the locale's encoding is UTF-8 (POSIX: the first
// of LC_ALL, LC_CTYPE and LANG that is set decides).
func hasUnicode(getenv func(string) string) bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if locale := strings.ToLower(getenv(name)); locale != "" {
			return strings.Contains(locale, "utf-8") || strings.Contains(locale, "utf8")
		}
	}
	return runtime.GOOS == "darwin" || runtime.GOOS == "windows"
}

func sizeOf(w io.Writer) func() (int, int) {
	return func() (columns, rows int) {
		if f, ok := w.(interface{ Fd() uintptr }); ok {
			columns, rows, _ = term.GetSize(int(f.Fd()))
		}
		return columns, rows
	}
}
