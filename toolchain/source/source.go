// Package source brings trees of files from elsewhere into the graph: packages
// of npm, archives, commits of Git, and directories that lie here.
//
// # How it fits the engine
//
// What is fetched is named by its integrity, so its content is known before
// it is there: the fetch is an action whose key is the integrity, and not
// where the content can be had (action.Spec.From). It is done once per user,
// and comes back from the store after that, also without a network. Unpacking
// is a second action. It makes a tree: one tar file in canonical form
// (package archive), whose digest is the digest of the tree, and the list of
// its files. So a source of ten thousand files is two files to a null build,
// and what patches change needs no network. Who wants the files themselves has
// them laid out by a third action, whose outputs the list tells.
//
// The actions run erg itself, with the arguments that package helper reads:
// a query may look at nothing that the engine does not see, so this package
// only describes what is to be done.
package source

import (
	"fmt"
	"path"
	"strconv"
	"strings"

	"erg.build/erg/engine"
	"erg.build/erg/engine/action"
	"erg.build/erg/engine/digest"
	"erg.build/erg/toolchain/source/archive"
)

// Command is the first argument by which erg knows that it is to be this
// package's helper, and format counts the forms of what the helper makes.
const (
	Command = "source-helper"
	format  = "1"
)

// The verbs of the helper.
const (
	Fetch  = "fetch"  // INTEGRITY OUT, from KIND SITE NAME ADDRESS REV
	Unpack = "unpack" // ARCHIVE TREE LIST STRIP FILES BYTES PATCH…
	Pack   = "pack"   // DIRECTORY, then as Unpack
	Lay    = "lay"    // TREE STAMP DIRECTORY
)

// A Kind is where a source comes from.
type Kind string

// The kinds, named like the attributes that choose them.
const (
	NPM Kind = "npm"
	URL Kind = "url"
	Git Kind = "git"
	Dir Kind = "dir"
)

// Kinds are all of them.
var Kinds = []Kind{NPM, URL, Git, Dir}

// A Source is a tree from elsewhere.
type Source struct {
	Name      string // `source.ocaml`, for people
	Root      string // its output root
	Site      string // where it is declared
	Kind      Kind
	Address   string // the package, URL, repository or directory, as it is declared
	Path      string // of a directory, as package action spells it
	Rev       string // of Git
	Integrity Integrity
	Strip     int      // of names, leading elements; Auto
	Patches   []string // in order
	Limits    archive.Limits
	// Fetched is a file that holds what would be fetched; "" if there is none.
	Fetched string
}

// Auto strips the directory that all of an archive lies in, if there is one.
const Auto = -1

// Fetches reports whether the content comes from outside of this machine's
// files.
func (k Kind) Fetches() bool { return k != Dir }

// Label names what a source is, for people: "npm ocaml@5.3.0".
func (s *Source) Label() string {
	label := string(s.Kind) + " " + Redact(s.Address)
	if s.Rev != "" {
		label += " " + s.Rev
	}
	return label
}

// short is Label without what fills a line.
func (s *Source) short() string {
	switch s.Kind {
	case NPM:
		return s.Address
	case URL:
		return path.Base(Redact(s.Address))
	case Git:
		return strings.TrimSuffix(path.Base(Redact(s.Address)), ".git") + " " + s.Rev
	}
	return s.Address
}

// Redact takes user and password out of a URL.
func Redact(address string) string {
	scheme, rest, ok := strings.Cut(address, "://")
	if !ok {
		return address
	}
	host, tail, slash := strings.Cut(rest, "/")
	if i := strings.LastIndexByte(host, '@'); i >= 0 {
		host = host[i+1:]
	}
	if slash {
		host += "/" + tail
	}
	if i := strings.IndexAny(host, "?#"); i >= 0 {
		host = host[:i] // it may hold a token
	}
	return scheme + "://" + host
}

// A Tree is a source's files, before they are laid out.
type Tree struct {
	Source  *Source
	Archive string // the canonical tar file
	List    string // of its files
}

func (s *Source) spec(name, verb string) action.Spec {
	return action.Spec{Name: name, Target: s.Name, Root: s.Root, Self: true, Argv: []string{"erg", Command, verb, format}}
}

// FetchedTo is the file that a source is fetched to.
func (s *Source) FetchedTo() string { return path.Join(s.Root, "archive") }

// DefineFetch defines the action that fetches a source, and returns what it
// makes.
func (s *Source) DefineFetch(t *engine.Task) (string, error) {
	spec := s.spec("fetch "+s.short(), Fetch)
	spec.Outputs = []string{s.FetchedTo()}
	spec.Argv = append(spec.Argv, string(s.Integrity), action.Ref(s.FetchedTo()))
	kind, address := string(s.Kind), s.Address
	if s.Fetched != "" {
		kind, address = "file", s.Fetched
	}
	// The sum of what is allowed bounds what is worth fetching.
	spec.From = []string{kind, s.Site, s.Name, address, s.Rev, strconv.FormatInt(s.Limits.Bytes, 10)}
	return s.FetchedTo(), t.Define(spec)
}

// Define defines the actions that make the tree. files are those of a
// directory, as ListDir has them.
func (s *Source) Define(t *engine.Task, files []string) (*Tree, error) {
	tree := &Tree{Source: s, Archive: path.Join(s.Root, "tree.tar"), List: path.Join(s.Root, "tree.list")}
	var spec action.Spec
	if s.Kind == Dir {
		spec = s.spec("pack "+s.Name, Pack)
		spec.Argv = append(spec.Argv, action.Ref(s.Path))
		spec.Inputs = append(spec.Inputs, files...)
	} else {
		from, err := s.DefineFetch(t)
		if err != nil {
			return nil, err
		}
		spec = s.spec("unpack "+s.Name, Unpack)
		spec.Argv = append(spec.Argv, action.Ref(from))
		spec.Inputs = []string{from}
	}
	spec.Argv = append(spec.Argv, action.Ref(tree.Archive), action.Ref(tree.List),
		strconv.Itoa(s.Strip), strconv.Itoa(s.Limits.Files), strconv.FormatInt(s.Limits.Bytes, 10))
	for _, p := range s.Patches {
		spec.Argv = append(spec.Argv, action.Ref(p))
		spec.Inputs = append(spec.Inputs, p)
	}
	// Messages name the declaration, which is no part of what is made.
	spec.From = []string{s.Site, s.Name}
	spec.Outputs = []string{tree.Archive, tree.List}
	return tree, t.Define(spec)
}

// Skips reports whether an entry of a directory is no part of a source tree,
// by its name: what version control keeps, and the locks of Emacs, which are
// links to nowhere.
func Skips(name string) bool {
	switch name {
	case ".git", ".hg", ".svn", ".bzr", "_darcs":
		return true
	}
	return strings.HasPrefix(name, ".#")
}

// ListDir lists the files of a directory as a source has them: without what
// Skips tells, and without what lies behind links to directories.
func ListDir(t *engine.Task, dir string) ([]string, error) {
	entries, err := t.ReadNames(dir)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, e := range entries {
		p := path.Join(dir, e.Name)
		switch {
		case Skips(e.Name), e.Dir && e.Link:
		case e.Dir:
			below, err := ListDir(t, p)
			if err != nil {
				return nil, err
			}
			files = append(files, below...)
		default:
			files = append(files, p)
		}
	}
	return files, nil
}

// Files demands the list of a tree's files. Planning, it may be unknown.
func (tree *Tree) Files(t *engine.Task) (files []archive.Listed, known bool, err error) {
	c, err := t.Content(tree.List)
	if err != nil || !c.Known {
		return nil, false, err
	}
	files, err = archive.ParseList(string(c.Bytes))
	return files, true, err
}

// Dir is where a tree's files are laid out.
func (tree *Tree) Dir() string { return path.Join(tree.Source.Root, "tree") }

// Lay defines the action that lays out the files of a tree below Dir.
func (tree *Tree) Lay(t *engine.Task, files []archive.Listed) error {
	s := tree.Source
	if len(files) == 0 {
		return nil
	}
	spec := s.spec("lay out "+s.Name, Lay)
	spec.From = []string{s.Site, s.Name}
	return layOut(t, spec, tree.Archive, path.Join(s.Root, "laid"), tree.Dir(), files)
}

// LayOut defines an action that lays out, below dir, the files of an archive in
// canonical form that another action made. The specification has what people
// are told of it; stamps is a directory for nothing else.
func LayOut(t *engine.Task, spec action.Spec, site, tar, stamps, dir string, files []archive.Listed) error {
	spec.Self, spec.Argv = true, []string{"erg", Command, Lay, format}
	spec.From = []string{site, spec.Name}
	return layOut(t, spec, tar, stamps, dir, files)
}

func layOut(t *engine.Task, spec action.Spec, tar, stamps, dir string, files []archive.Listed) error {
	// An action is known by its first output: with other files it is another
	// one, and the files of the old one that are no longer made go.
	list := digest.New()
	for _, f := range files {
		fmt.Fprintf(list, "%s\n", f.Path)
	}
	stamp := path.Join(stamps, digest.Sum(list).Short())
	spec.Argv = append(spec.Argv, action.Ref(tar), action.Ref(stamp), action.Ref(dir))
	spec.Inputs = []string{tar}
	spec.Outputs = make([]string, 0, len(files)+1)
	spec.Outputs = append(spec.Outputs, stamp)
	for _, f := range files {
		spec.Outputs = append(spec.Outputs, path.Join(dir, f.Path))
	}
	if err := t.Define(spec); err != nil {
		return err
	}
	t.Prune(spec.Target, func(target, output string) bool {
		return target != spec.Target || output == stamp || !strings.HasPrefix(output, stamps+"/")
	})
	return nil
}
