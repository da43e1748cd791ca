// Package ninjacmd is "erg ninja": Ninja's command line on erg's engine, for
// the build files that CMake, Meson and others write.
//
// What people and programs know of Ninja stays as it is: options, exit codes,
// the wording of messages, the lines of the status, the tools. How edges
// become actions is the business of package drive, and how they are judged
// and run that of the engine.
package ninjacmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"erg.build/erg/contexts/ninja"
)

// Env is the world that a command runs in.
type Env struct {
	Stdout, Stderr io.Writer
	Getenv         func(string) string
	Environ        []string // of the commands that are run
	StoreDir       string   // of the user; "" for none
	BuildID        string   // of this erg
	// Working, if set, is called when there is more to do than to look at files,
	// and Large when the graph has very many edges.
	Working, Large func()
	// Browse serves pages; nil leaves that to another program.
	Browse func(ctx context.Context, env Env, b Browse) error
}

// A command is one run.
type command struct {
	Env
	*options
	dir  string   // absolute
	argv []string // without the program's name
}

// Exit codes.
const (
	exitOK          = 0
	exitFailed      = 1
	exitInterrupted = 130
)

// Main runs a command line, without the program's name, and returns its exit
// code.
func Main(ctx context.Context, env Env, args []string) int {
	c := &command{Env: env, argv: args}
	var err error
	if c.options, err = parse(args); err != nil {
		return c.refuse(err)
	}
	switch {
	case c.help:
		fmt.Fprintf(c.Stderr, usage, ninja.Version, defaultJobs())
		return exitFailed
	case c.version:
		fmt.Fprintln(c.Stdout, ninja.Version)
		return exitOK
	}
	for _, name := range c.deprecated {
		c.warning("deprecated warning '%s'", name)
	}
	if c.dir, err = filepath.Abs(c.options.dir); err != nil {
		return c.error("%v", err)
	}
	if c.options.dir != "" {
		if c.tool == "" && c.verbosity != quiet {
			c.info("Entering directory `%s'", c.options.dir)
		}
		if fi, err := os.Stat(c.dir); err != nil || !fi.IsDir() {
			if err == nil {
				err = errors.New("Not a directory") //lint:ignore ST1005 in the words of the system
			}
			return c.fatal("chdir to '%s' - %s", c.options.dir, reason(err))
		}
	}
	if c.tool != "" {
		c.working()
		return c.runTool(ctx)
	}
	return c.build(ctx)
}

// working tells that there is more to do than to look at files.
func (c *command) working() {
	if c.Working != nil {
		c.Working()
	}
}

// refuse says what is wrong with a command line.
func (c *command) refuse(err error) int {
	var u *errUsage
	var x *errExit
	var f *errFlag
	switch {
	case errors.As(err, &f):
		return c.error("%s", f.text)
	case errors.As(err, &x):
		fmt.Fprint(c.Stdout, x.text)
		return x.code
	case errors.As(err, &u):
		fmt.Fprintf(c.Stderr, "ninja: %s\n", u.text)
		fmt.Fprintf(c.Stderr, usage, ninja.Version, defaultJobs())
		return exitFailed
	}
	return c.fatal("%v", err)
}

func (c *command) info(format string, args ...any) {
	fmt.Fprintf(c.Stdout, "ninja: "+format+"\n", args...)
}

// error prints an error and returns the exit code for it.
func (c *command) error(format string, args ...any) int {
	fmt.Fprintf(c.Stderr, "ninja: error: "+format+"\n", args...)
	return exitFailed
}

func (c *command) fatal(format string, args ...any) int {
	fmt.Fprintf(c.Stderr, "ninja: fatal: "+format+"\n", args...)
	return exitFailed
}

func (c *command) warning(format string, args ...any) {
	fmt.Fprintf(c.Stderr, "ninja: warning: "+format+"\n", args...)
}

// reason is what the system says is wrong, in C's spelling.
func reason(err error) string {
	var p *os.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	if errors.Is(err, os.ErrNotExist) {
		return "No such file or directory"
	}
	text := err.Error()
	if text == "" {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// describe words an error about build files as Ninja does.
func describe(err error) string {
	var e *ninja.Error
	if errors.As(err, &e) {
		return e.AsNinja()
	}
	return err.Error()
}

// wrong reports a build file that is wrong or cannot be read.
func (c *command) wrong(err error) int {
	var e *ninja.Error
	switch {
	case errors.As(err, &e) && e.Fatal:
		return c.fatal("%s", e.Msg)
	case e != nil && e.File == "" && e.Err != nil:
		return c.error("loading '%s': %s", c.file, reason(e.Err))
	}
	return c.error("%s", describe(err))
}

// warnings words the warnings about a graph.
func (c *command) warnings(g *ninja.Graph) string {
	var b strings.Builder
	for _, w := range g.Warnings() {
		fmt.Fprintf(&b, "ninja: warning: %s\n", w.Msg)
	}
	return b.String()
}

// warn prints the warnings about a graph.
func (c *command) warn(g *ninja.Graph) { io.WriteString(c.Stderr, c.warnings(g)) }

// path returns the place of a file that is named relative to the directory.
func (c *command) path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(c.dir, name)
}

// load reads the build file outside of any session, for tools.
func (c *command) load() (*ninja.Graph, error) {
	r := ninja.Reader{KeepPhonyCycles: c.phonyCycleErr, Open: func(name string) ([]byte, error) { return os.ReadFile(c.path(name)) }}
	return r.Read(c.file)
}
