package action

import "strconv"

// A Written is an output that the engine writes itself: the action has no
// process, so Argv, Env, Dir and Tools are not used, and its one output holds
// Text.
type Written struct {
	Text string
	// Sums adds a line with the digest of each of Inputs. Whoever reads all of
	// many files, say the interfaces of a library, depends on this one instead:
	// they are up to date when it is, and it changes when one of them does.
	Sums bool
}

func (w *Written) manifest() Manifest {
	return Manifest{{"text", strconv.FormatBool(w.Sums), w.Text}}
}

// A Move says that an action's process writes an output under another name,
// since it cannot be told the right one. Both are on one file system, and the
// action has no sandbox.
type Move struct{ From, To string }
