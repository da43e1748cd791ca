package trace

import "iter"

// An actEntry is an action that the base does not have as it is. Its record
// is in memory, or in the log, or there is none any more.
type actEntry struct {
	rec *Action
	at  int64 // of the record in the log
	n   uint32
}

func (e actEntry) gone() bool { return e.rec == nil && e.n == 0 }

// An actTable has entries by the row of an action's first output.
type actTable struct {
	slots   []uint32 // by row: the number of the entry, plus one
	rows    []Row    // by number
	entries []actEntry
}

func (t *actTable) get(r Row) (actEntry, bool) {
	if int(r) >= len(t.slots) || t.slots[r] == 0 {
		return actEntry{}, false
	}
	return t.entries[t.slots[r]-1], true
}

func (t *actTable) set(r Row, e actEntry) {
	for int(r) >= len(t.slots) {
		t.slots = append(t.slots, make([]uint32, int(r)+1-len(t.slots))...)
	}
	if n := t.slots[r]; n > 0 {
		t.entries[n-1] = e
		return
	}
	t.rows, t.entries = append(t.rows, r), append(t.entries, e)
	t.slots[r] = uint32(len(t.rows))
}

// all ranges over the entries, in the order in which they came.
func (t *actTable) all() iter.Seq2[Row, actEntry] {
	return func(yield func(Row, actEntry) bool) {
		for i, r := range t.rows {
			if !yield(r, t.entries[i]) {
				return
			}
		}
	}
}
