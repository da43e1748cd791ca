package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/spf13/cobra"

	"erg.build/erg/cmd/erg/internal/show"
)

type formatter struct {
	check, diff bool

	app     App
	common  Common
	changed int
	errs    []error
}

func newFmt(g *global) *cobra.Command {
	var f formatter
	cmd := &cobra.Command{
		Use:   "fmt [FLAG]... [FILE|DIR]...",
		Short: "Lay out HCL files canonically",
		Long: `Lay out files canonically, and print the names of those that changed. Of a
directory, all *.hcl files below it are taken, except in _build and in directories
whose names begin with a dot; without arguments, those of the current directory.
"-" formats from stdin to stdout, for editors.`,
		Example: `  erg fmt
  erg fmt --check       # for continuous integration: 1 if a file is not formatted
  erg fmt --diff lib/build.hcl
  erg fmt - < erg.hcl`,
		Args: cobra.ArbitraryArgs,
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return []string{"hcl"}, cobra.ShellCompDirectiveFilterFileExt
		},
		RunE: g.run(func(_ *cobra.Command, c Common, args []string) error {
			f.app, f.common = g.deps.App, c
			return f.run(args)
		}),
	}
	cmd.Flags().BoolVar(&f.check, "check", false, "write nothing; fail if a file is not formatted")
	cmd.Flags().BoolVarP(&f.diff, "diff", "d", false, "write nothing; print the differences")
	return cmd
}

// run formats files. It goes on after an error, so that one run tells of all.
func (f *formatter) run(args []string) error {
	if len(args) == 1 && args[0] == "-" {
		return f.stdin()
	}
	if len(args) == 0 {
		args = []string{"."}
	}
	for _, arg := range args {
		if err := f.walk(arg); err != nil {
			f.errs = append(f.errs, err)
		}
	}
	if f.errs != nil {
		return &ConfigError{Err: errors.Join(f.errs...)}
	}
	if f.check && f.changed > 0 {
		return ErrFailed
	}
	return nil
}

func (f *formatter) stdin() error {
	src, err := io.ReadAll(f.common.Stdin)
	if err != nil {
		return fmt.Errorf("reading stdin: %w", err)
	}
	out, err := f.app.Format("<stdin>", src)
	if err != nil {
		return &ConfigError{Err: err}
	}
	switch {
	case f.check && !bytes.Equal(src, out):
		return ErrFailed
	case f.check:
		return nil
	}
	_, err = f.common.Stdout.Write(out)
	return err
}

// walk formats a file, or the files below a directory. Names are shown as
// they were given.
func (f *formatter) walk(name string) error {
	root := f.common.Path(name)
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		below, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		shown := filepath.Join(name, below)
		switch {
		case path == root && !d.IsDir():
		case d.IsDir():
			if path != root && (d.Name() == "_build" || strings.HasPrefix(d.Name(), ".")) {
				return fs.SkipDir
			}
			return nil
		case !d.Type().IsRegular() || filepath.Ext(path) != ".hcl":
			return nil
		}
		if err := f.file(path, shown); err != nil {
			f.errs = append(f.errs, err)
		}
		return nil
	})
}

func (f *formatter) file(path, shown string) error {
	src, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	out, err := f.app.Format(shown, src)
	if err != nil || bytes.Equal(src, out) {
		return err
	}
	f.changed++
	if f.diff {
		d := diff.Diff(shown, src, shown+" (formatted)", out)
		_, err = f.common.Stdout.Write(show.Diff(d, f.common.UseColor()))
		return err
	}
	fmt.Fprintln(f.common.Stdout, shown)
	if f.check {
		return nil
	}
	return replace(path, out)
}

// replace replaces a file's contents, all of them or none.
func replace(path string, text []byte) error {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	temp, err := os.CreateTemp(filepath.Dir(path), ".erg-fmt-*")
	if err != nil {
		return err
	}
	_, err = temp.Write(text)
	err = errors.Join(err, temp.Chmod(info.Mode().Perm()), temp.Close())
	if err == nil {
		err = os.Rename(temp.Name(), path)
	}
	if err != nil {
		os.Remove(temp.Name())
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}
