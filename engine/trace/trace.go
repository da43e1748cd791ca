// Package trace keeps the persisted record of one workspace: what depended
// on what, with every input's digest.
//
// It knows files, actions, named values ("elements") and goals as data. What
// makes a record valid is for package engine to judge.
//
// # In memory
//
// Files are numbered: a Row is a path and what of it counts. The rows of a
// State are those of a mapped file, which is never decoded as a whole, and
// behind them, in columns without pointers, those that came up since. Records
// of actions are decoded when somebody asks for one. So a build that changes
// little costs little, whatever the size of the graph.
//
// # On disk
//
// The base ("trace", base.go) is immutable and replaced by rename. Its hot
// section is a flat table of file stamps and of goals, which is all that a
// null build reads. Other sections tell which actions use a file; a record of
// an action is found through them.
//
// The log ("trace.log", log.go) takes a checksummed record for each action
// that ends, so that a killed build loses nothing that was finished, and at
// the end of a session what else has changed. It numbers rows as the base
// does to which it belongs. When the log has grown large, both are folded
// into a new base.
//
// What is torn at the log's end is dropped. A base that is damaged, or was
// written under another schema, is dropped whole: everything in it can be had
// again, from the store or by building.
package trace

import (
	"time"

	"erg.build/erg/engine/action"
	"erg.build/erg/engine/digest"
)

// Kind says what of a file the build depends on.
type Kind uint8

const (
	Content  Kind = iota // its bytes and its executable bit
	Presence             // whether there is such a file
	Listing              // a directory's names
	Mtime                // when it was last modified, whatever it holds
	Names                // a directory's names, those with a dot in front too
)

// A Stamp is what the file system tells of a file without reading it. The
// zero Stamp is that of an absent file. Stamps are compared for equality
// only: clocks go backwards.
type Stamp struct {
	Dev, Ino     uint64
	Size         int64
	Mtime, Ctime int64 // nanoseconds
	Mode         uint32
}

// Absent reports whether s is the stamp of a file that is not there.
func (s Stamp) Absent() bool { return s == Stamp{} }

// A File is a leaf of the graph or an output.
type File struct {
	Path string // as in package action
	Kind Kind
	// Racy says that the file was modified so shortly before it was hashed
	// that a further modification might not show in the stamp.
	Racy    bool
	Stamp   Stamp
	Digest  digest.Digest // effective: of content and executable bit; of the listing
	Changed uint32        // the revision in which Digest last changed
}

// A Dep is an input as an action used it.
type Dep struct {
	Path       string
	Digest     digest.Digest // zero: it was absent
	Discovered bool          // by a depfile; its digest is not part of the declared key
}

// An Out is an output as an action made it.
type Out struct {
	Path   string
	Digest digest.Digest // of the content alone, as in the store
	Size   int64
	Exec   bool
	// Mark, if set, is the digest with which consumers see the output, in
	// place of that of its content: an empty file says nothing of what it
	// stands for.
	Mark digest.Digest
}

// A Change is one reason why an action ran.
type Change struct {
	What     string // "input", "argument", "environment", "tool", "output", "first build", …
	Name     string
	Old, New string
}

// An Action is the record of the last run of an action. Its first output
// identifies it.
type Action struct {
	Name, Context, Target string
	Spec                  digest.Digest // of the whole specification
	// Recipe is the specification, so that the action can run again without
	// anybody's evaluating what emitted it. nil if it is told something that
	// must not be kept; then Manifest is what the key was made of, redacted.
	Recipe   *action.Spec
	Manifest []byte
	Key      digest.Digest // the declared key; zero: the record does not hold
	Full     digest.Digest // the key with what was discovered
	Deps     []Dep         // first the Recipe's Inputs, in order
	Outs     []Out         // in the order of the Recipe's Outputs
	Message  []byte        // what it printed
	Took     time.Duration
	Peak     int64 // bytes
	Verified uint32
	Ran      uint32 // the revision in which it last ran or was restored
	Failed   bool
	Baked    bool // an output holds the absolute path of its place: not for other places
	Why      []Change
	// Changed is the revision in which what it makes last changed, and Cause
	// why it ran then; nil when that was its last run.
	Changed uint32
	Cause   []Change
}

// Causes tells why an action ran when what it makes last changed.
func (a *Action) Causes() []Change {
	if a.Changed == a.Ran {
		return a.Why
	}
	return a.Cause
}

// ID is the path of the first output.
func (a *Action) ID() string { return a.Outs[0].Path }

// An Element is a named value of the configuration, kept for why; or, with
// no value, a declaration: which values it depends on.
type Element struct {
	Address   string
	Value     string // JSON; of a sensitive value, of its digest
	Previous  string // JSON; the value before Changed
	Site      string
	Sensitive bool
	Changed   uint32
	Seen      uint32 // the revision in which it was last evaluated
	// Deps are what it was computed from: "element:ADDRESS", "file:PATH",
	// "action:PATH", "env:NAME". Those of a declaration are elements.
	Deps []string
	Why  []Change // why it changed: "element", "file", "action" or "environment"
}

// A Goal is something that was asked for, with all that must be unchanged
// for it to be still complete.
type Goal struct {
	Key      string // what was asked for, and under which variables
	Complete uint32 // the revision in which it was completed
	Files    Set    // all that it depends on, outputs too
	// Asked are the files, of Files, that decided what there is to do: build
	// files and the like, not what actions alone read.
	Asked Set
	// Read are the outputs that decided what there is to do, in the order in
	// which they were first asked for.
	Read    []Row
	Actions Set // the actions, by the row of the first output
	Env     []Env
	Replay  []Row  // actions whose messages are shown again
	Count   int    // distinct pieces of work
	Summary []byte // for the one who asked
}

// An Env is an environment variable as it was read.
type Env struct{ Name, Value string }

// A FileKey identifies a File.
type FileKey struct {
	Path string
	Kind Kind
}
