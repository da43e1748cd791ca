package engine

import (
	"context"
	"fmt"

	"erg.build/erg/engine/action"
	"erg.build/erg/engine/digest"
	"erg.build/erg/engine/trace"
)

// A Task is what a running query sees of the engine. Whatever it learns
// through the task (a file, a listing, a variable, another query, what an
// action made) is recorded as its dependency; packages of queries import no
// "os" and cannot learn anything else.
//
// A Task belongs to one goroutine. Paths are those of package action.
type Task struct {
	s    *Session
	cell *cell
	ctx  context.Context
	site string
}

// Context is cancelled when the build is interrupted.
func (t *Task) Context() context.Context { return t.ctx }

// Planning reports whether nothing may run but probes. A query may use it to
// word a description, never to compute another value.
func (t *Task) Planning() bool { return t.s.opts.Mode == Plan }

// At names the place from which the next demands come ("erg.hcl:12"), for
// the links of a cycle. It returns t.
func (t *Task) At(site string) *Task { t.site = site; return t }

// A Content is what an action made, as far as it is known.
type Content struct {
	Known     bool
	Bytes     []byte        // when Known
	Digest    digest.Digest // when Known
	Predicted []byte        // when planning and not Known: what the last build made
	Predicts  bool          // whether Predicted holds something
	Unchanged bool          // the prediction's declared inputs have not changed since
}

// A Query is a pure function over what its task lets it read, computed at
// most once per session for each key. Kind names it in traces and errors.
type Query[K comparable, V any] struct {
	Kind string
	Fn   func(t *Task, key K) (V, error)
}

// Get returns the query's value for key, computing it when this is the first
// demand, and records the dependency. Demands that wait for each other in a
// ring fail with a *CycleError. A query whose function failed returns the
// same error to all who demand it.
func (q *Query[K, V]) Get(t *Task, key K) (V, error) {
	v, err := t.demand(cellKey{q, key}, fmt.Sprint(key), q.Kind, func(t *Task) (any, error) { return q.Fn(t, key) })
	if err != nil {
		var zero V
		if got, ok := v.(V); ok {
			return got, err
		}
		return zero, err
	}
	got, _ := v.(V) // not ok only for a nil interface, which is V's zero value
	return got, nil
}

// Note records what the query is about for people: an address as they write
// it ("context.firmware.settings.cflags"), the value in JSON, and where it
// was written. The trace keeps the value of the last build beside the new
// one, so that why can show both.
func (t *Task) Note(n Note) { t.note(n) }

// A Note is a named value for why and plan.
type Note struct {
	Address   string
	Value     string // JSON; "" when not known
	Site      string // "erg.hcl:12"
	Sensitive bool
	// Declares says that this is a declaration, without a value: a target.
	Declares bool
}

// Run calls the functions at the same time, each with a task of its own,
// and waits for all. Dependencies are recorded as one group. The errors are
// joined in order.
func (t *Task) Run(fns ...func(*Task) error) error { return t.run(fns) }

// ReadFile returns the content of a source file. The error for a file that
// is not there satisfies errors.Is(err, fs.ErrNotExist).
func (t *Task) ReadFile(path string) ([]byte, error) { return t.readFile(path) }

// Exists reports whether there is a file (not a directory) of that name.
func (t *Task) Exists(path string) (bool, error) { return t.exists(path) }

// An Entry is a name in a directory.
type Entry struct {
	Name string
	Dir  bool // after following symbolic links
	Link bool // a symbolic link
}

// ReadDir returns a directory's entries, sorted, without the build directory,
// and without names that begin with a dot. A directory that is not there has none.
func (t *Task) ReadDir(path string) ([]Entry, error) { return t.readDir(path, trace.Listing) }

// ReadNames is ReadDir with the names that begin with a dot.
func (t *Task) ReadNames(path string) ([]Entry, error) { return t.readDir(path, trace.Names) }

// Getenv returns an environment variable of the person who runs erg.
func (t *Task) Getenv(name string) string { return t.getenv(name) }

// Moment returns a digest that no other run of erg has: for what is to be done
// again each time. Whoever asks keeps the next build from being a null build.
func (t *Task) Moment() digest.Digest {
	t.cell.addDep(dep{leaf: "moment"})
	t.s.incomplete.Store(true)
	return t.s.eng.moment()
}

// LookPath finds a program along the user's PATH, like a shell, and returns
// its absolute path; an error satisfying errors.Is(err, fs.ErrNotExist) otherwise.
func (t *Task) LookPath(name string) (string, error) { return t.lookPath(name) }

// FileDigest returns the digest of a file, a source or one outside the
// workspace. Digests are remembered per user, so that a compiler of 30 MB is
// hashed once.
func (t *Task) FileDigest(path string) (digest.Digest, error) { return t.fileDigest(path) }

// Hash hashes files, on all cores, for who asks for their digests one after the
// other. All count as read; what is wrong with one is told to who asks for it.
func (t *Task) Hash(paths ...string) { t.hash(paths) }

// TreeDigest returns the digest of all regular files below an absolute
// directory whose slash path relative to it satisfies keep (nil keeps all).
// Where the user cannot write, directory stamps stand for the files they hold.
func (t *Task) TreeDigest(dir string, keep func(rel string) bool) (digest.Digest, error) {
	return t.treeDigest(dir, keep)
}

// Define adds an action to the graph. Nothing runs until one of its outputs
// is demanded. Defining the same action twice is fine; two different
// actions for one output are a *DuplicateOutputError.
func (t *Task) Define(spec action.Spec) error { return t.define(spec) }

// Probe runs an action and returns its standard output, also when planning.
// It is an action like any other: keyed, cached and restored. The spec needs
// no Root, Outputs or Stdout. A probe that fails returns a *ProbeError.
func (t *Task) Probe(spec action.Spec) ([]byte, error) { return t.probe(spec) }

// Content demands an artifact and returns what is in it.
func (t *Task) Content(path string) (Content, error) { return t.content(path) }

// Installed is Content of the output of a package's action, and reads what it
// says if that is known.
func (t *Task) Installed(path string) (*InstallTree, Content, error) {
	c, err := t.content(path)
	if err != nil || !c.Known {
		return nil, c, err
	}
	tree, err := t.s.eng.parseTree(c.Bytes)
	return tree, c, err
}

// Build demands artifacts and waits until all are up to date. When planning
// it records that they are wanted. The error says only that some failed: the
// actions' own errors were reported as events.
func (t *Task) Build(paths ...string) error { return t.build(paths) }

// Demand is Build without waiting: what comes of it shows in the session's
// result.
func (t *Task) Demand(paths ...string) error {
	_, err := t.demandPaths(paths, 0)
	return err
}

// Makes reports whether an action that was defined makes a file.
func (t *Task) Makes(path string) bool { return t.s.producer(path) != nil }

// Deferred records, when planning, a group of actions that cannot be listed
// yet, and what they wait for.
func (t *Task) Deferred(context, what string, waits []string) { t.deferred(context, what, waits) }

// Abs returns the absolute path of a file of the workspace, for tools that
// are told where they are. What a query makes of it depends on the place.
func (t *Task) Abs(path string) string { return t.s.eng.abs(path) }
