// Command erg-bench measures erg against Ninja, make, Dune and the file system, and
// prints what it found as a table. "make bench" runs it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"syscall"
	"time"

	"erg.build/erg/cmd/erg-bench/internal/measure"
	"erg.build/erg/cmd/erg-bench/internal/suite"
	"erg.build/erg/cmd/erg-bench/internal/table"
)

func main() {
	measure.Main()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second interrupt does not wait for the trees to be removed.
	context.AfterFunc(ctx, stop)
	err := run(ctx, os.Args[1:], suite.Usual, os.Stdout, os.Stderr)
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintf(os.Stderr, "erg-bench: %v\n", err)
		os.Exit(1)
	}
}

// options are those of the command line.
type options struct {
	suite.Config
	json, markdown bool
	update         string
	modules        int
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("erg-bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.Erg, "erg", "bin/erg", "the erg to measure")
	flags.StringVar(&o.Dir, "dir", os.TempDir(), "a directory on the file system to measure on")
	flags.BoolVar(&o.Full, "full", false, "run the largest graph, too")
	flags.BoolVar(&o.json, "json", false, "print JSON")
	flags.BoolVar(&o.markdown, "markdown", false, "print Markdown")
	flags.IntVar(&o.modules, "modules", 0, "give the OCaml project this many modules")
	flags.StringVar(&o.update, "update", "", "put the table into this `page`, too")
	flags.Func("run", "measure only the rows that match a `regexp`", func(s string) (err error) {
		o.Pick, err = regexp.Compile(s)
		return err
	})
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	switch {
	case flags.NArg() > 0:
		return o, fmt.Errorf("there are options only, and no argument %q", flags.Arg(0))
	case o.json && o.markdown:
		return o, errors.New("-json and -markdown exclude each other")
	case o.update != "" && (o.Pick != nil || o.modules != 0):
		return o, errors.New("-update replaces a whole table: leave out -run and -modules")
	case o.modules < 0 || o.modules > 100_000:
		return o, errors.New("-modules is a number of modules, of which a machine can have so many")
	}
	return o, nil
}

func run(ctx context.Context, args []string, sizes suite.Sizes, stdout, stderr io.Writer) error {
	o, err := parse(args, stderr)
	if err != nil {
		return err
	}
	o.Sizes, o.Log = sizes, stderr
	if o.modules > 0 {
		o.Sizes.Modules, o.Sizes.Libraries = o.modules, max(1, min(sizes.Libraries, o.modules/5))
	}
	if o.Erg, err = filepath.Abs(o.Erg); err != nil {
		return err
	}
	if _, err := os.Stat(o.Erg); err != nil {
		return fmt.Errorf("%w; \"make erg\" builds it", err)
	}
	if o.update != "" {
		// Now rather than when all is measured.
		if _, _, err := table.Around(o.update); err != nil {
			return err
		}
	}
	if o.Dir, err = os.MkdirTemp(o.Dir, "erg-bench-"); err != nil {
		return err
	}
	defer os.RemoveAll(o.Dir)
	t := table.Table{Date: time.Now().Format(time.DateOnly), Peers: map[string]string{}}
	if t.Machine, err = measure.ThisMachine(o.Dir); err != nil {
		return err
	}
	for _, p := range suite.Programs {
		if v := measure.Version(ctx, p); v != "" {
			t.Peers[p] = v
		}
	}
	rows, failed := suite.Run(ctx, o.Config)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	t.Rows = rows
	return errors.Join(failed, o.show(&t, stdout))
}

// show shows the table in the way that was asked for.
func (o *options) show(t *table.Table, w io.Writer) error {
	print := t.Text
	switch {
	case o.json:
		print = t.JSON
	case o.markdown:
		print = t.Markdown
	}
	if err := print(w); err != nil {
		return err
	}
	if o.update != "" {
		return t.Update(o.update)
	}
	return nil
}
