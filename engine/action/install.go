package action

import (
	"path"
	"strconv"
	"strings"
)

// An Install is what is special about an action that builds a foreign
// package: it runs several processes, one after another, in a copy of a source
// tree, and what they install is its result. Such an action has one output, a
// file that lists the install tree (see PackageOutput). Argv, Dir, Stdin,
// Stdout and Depfile of the Spec are not used.
//
// Programs bake the path that they are installed to into what they make. So
// the install tree lies where it was made: at a path that the action's key
// decides, in the user's store.
type Install struct {
	// Site is where it is declared, for messages. Not part of the key.
	Site string
	// Source is the directory that is copied: of the workspace, whose files
	// below it that are Inputs are what is in it; or an absolute one, which is
	// taken whole, and of which an input must tell what is in it.
	Source string
	// Dir is the directory, in the copy, in which the steps run.
	Dir string
	// Steps are the commands. Their arguments may have tokens, those for
	// Prefix and Work among them.
	Steps [][]string
}

// Tokens of these paths stand for what the key of an Install decides: the
// directory to install to, and the copy of the source. They are no clean
// paths, so nothing else has them.
const (
	Prefix = "//prefix"
	Work   = "//work"
)

// SourceTime is when all files of a copied source were modified, in seconds
// since 1970. Makefiles of release archives would generate anew what is shipped
// if it seemed older than what it was made from; with one time for all, nothing
// is older than anything. It is a day that archive formats can express:
// 1980-01-02.
const SourceTime = 315619200

const packageDir = ".packages/"

// PackageOutput is the output of the package of that name in an output root.
func PackageOutput(root, name string) string { return root + "/" + packageDir + name }

// IsPackageOutput reports whether a file lists an install tree.
func IsPackageOutput(p string) bool {
	_, rest := RootOf(p)
	name, ok := strings.CutPrefix(rest, packageDir)
	return ok && path.Base(name) == name
}

// tokens calls f for each string that may have tokens.
func (i *Install) tokens(f func(string)) {
	for _, step := range i.Steps {
		for _, a := range step {
			f(a)
		}
	}
}

// manifest is the part of the manifest that stands for the command line.
func (i *Install) manifest(expand func(string) string) Manifest {
	m := Manifest{{"source", "", expand(Ref(i.Source))}}
	if i.Dir != "" {
		m = append(m, Line{"directory of steps", "", i.Dir})
	}
	for n, step := range i.Steps {
		for k, a := range step {
			if k == 0 && path.IsAbs(a) {
				a = path.Base(a) // as for Argv
			}
			m = append(m, Line{"argument", strconv.Itoa(n+1) + "." + strconv.Itoa(k), expand(a)})
		}
	}
	return m
}
