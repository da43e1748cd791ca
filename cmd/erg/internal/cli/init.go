package cli

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/spf13/cobra"
	"github.com/zclconf/go-cty/cty"
)

// starters holds a workspace to start from for each language.
//
//go:embed starter
var starters embed.FS

func newInit(g *global) *cobra.Command {
	var ocaml bool
	var name string
	cmd := &cobra.Command{
		Use:   "init [FLAG]... [DIR]",
		Short: "Start a workspace",
		Long: `Start a workspace in DIR, or in the current directory: a commented erg.hcl and
build.hcl, and a program in C (or with --ocaml in OCaml) with a test. Files that
are there already are never overwritten.`,
		Example: `  erg init
  erg init hello --ocaml
  erg init firmware --name blink`,
		Args: argCount(0, 1, ""),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		},
		RunE: g.run(func(cmd *cobra.Command, c Common, args []string) error {
			dir := "."
			if len(args) > 0 {
				dir = args[0]
			}
			language := "c"
			if ocaml {
				language = "ocaml"
			}
			return initWorkspace(cmd, c, dir, language, name)
		}),
	}
	cmd.Flags().BoolVar(&ocaml, "ocaml", false, "with a program in OCaml")
	cmd.Flags().StringVar(&name, "name", "", "the workspace's `NAME`; that of its directory by default")
	must(cmd.RegisterFlagCompletionFunc("name", cobra.NoFileCompletions))
	return cmd
}

func initWorkspace(cmd *cobra.Command, c Common, dir, language, name string) error {
	path := c.Path(dir)
	if name == "" {
		name = filepath.Base(path)
	}
	files, err := starterFiles(language, name)
	if err != nil {
		return err
	}
	var there []string
	for _, f := range files {
		if _, err := os.Lstat(filepath.Join(path, f.name)); err == nil {
			there = append(there, f.name)
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if there != nil {
		return usage(cmd, "Nothing was written.", "%s has %s already", dir, strings.Join(there, ", "))
	}
	if err := os.MkdirAll(path, 0o777); err != nil {
		return err
	}
	for _, f := range files {
		if err := writeNew(filepath.Join(path, f.name), f.text); err != nil {
			return err
		}
		fmt.Fprintf(c.Stdout, "created %s\n", filepath.Join(dir, f.name))
	}
	// Whoever has a list of what to ignore keeps it.
	err = writeNew(filepath.Join(path, ".gitignore"), []byte("/_build/\n"))
	if err == nil {
		fmt.Fprintf(c.Stdout, "created %s\n", filepath.Join(dir, ".gitignore"))
	} else if !errors.Is(err, fs.ErrExist) {
		return err
	}
	in := ""
	if filepath.Clean(dir) != "." {
		in = "-C " + dir + " "
	}
	fmt.Fprintf(c.Stdout, "\nNow try:\n  erg %[1]sbuild\n  erg %[1]srun app:bin.hello\n  erg %[1]stest\n", in)
	return nil
}

type starterFile struct {
	name string
	text []byte
}

// starterFiles returns the files of a workspace called name.
func starterFiles(language, name string) ([]starterFile, error) {
	if !utf8.ValidString(name) {
		return nil, fmt.Errorf("the name %q is not valid UTF-8: choose one with --name", name)
	}
	root, err := fs.Sub(starters, "starter/"+language)
	if err != nil {
		return nil, err
	}
	entries, err := fs.ReadDir(root, ".")
	if err != nil {
		return nil, err
	}
	quoted := hclwrite.TokensForValue(cty.StringVal(name)).Bytes()
	var files []starterFile
	for _, e := range entries {
		text, err := fs.ReadFile(root, e.Name())
		if err != nil {
			return nil, err
		}
		if e.Name() == "erg.hcl" {
			text = bytes.Replace(text, []byte(`"NAME"`), quoted, 1)
		}
		files = append(files, starterFile{e.Name(), text})
	}
	return files, nil
}

// writeNew writes a file that must not exist.
func writeNew(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Close())
}
