package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// unknownCommand is the argument check of commands with subcommands: whatever is left
// over is the name of no subcommand.
func unknownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, c := range cmd.Commands() {
		names = append(names, c.Name())
	}
	return usage(cmd, didYouMean(closest(args[0], names), cmd.CommandPath()+" "), "there is no command %q", args[0])
}

// flagError makes the errors of flags usage errors, with a suggestion.
func flagError(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return usage(cmd, "", "%v", err)
	}
	name := unknown.GetSpecifiedName()
	if unknown.GetSpecifiedShortnames() != "" {
		return usage(cmd, "", "there is no flag -%s", name)
	}
	var names []string
	each := func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, f.Name)
		}
	}
	cmd.Flags().VisitAll(each)
	hint := didYouMean(closest(name, names), "--")
	if hint == "" {
		hint = elsewhere(cmd, name)
	}
	return usage(cmd, hint, "there is no flag --%s", name)
}

// elsewhere names the commands that have a flag which this one lacks.
func elsewhere(cmd *cobra.Command, name string) string {
	var have []string
	for _, c := range cmd.Root().Commands() {
		if c.LocalNonPersistentFlags().Lookup(name) != nil {
			have = append(have, "erg "+c.Name())
		}
	}
	if have == nil {
		return ""
	}
	return fmt.Sprintf("It is a flag of %s.", strings.Join(have, ", "))
}

func didYouMean(name, before string) string {
	if name == "" {
		return ""
	}
	return fmt.Sprintf("Did you mean %q?", before+name)
}

// closest returns the name most like word, or "" when none is alike.
func closest(word string, names []string) string {
	best, least := "", len(word)/3+2 // a typo or two, not another word
	for _, name := range names {
		d := distance(word, name)
		if len(word) >= 2 && strings.HasPrefix(name, word) {
			d = min(d, 1)
		}
		if d < least {
			best, least = name, d
		}
	}
	return best
}

// distance is the optimal string alignment distance: how many letters to
// insert, delete, replace, or swap with their neighbours.
func distance(a, b string) int {
	var before []int // the row before last
	last := make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := range len(a) {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			row[j+1] = min(last[j]+cost, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
