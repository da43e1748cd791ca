package engine

import (
	"container/heap"
	"path"
	"strings"
	"sync"
	"time"
)

// A queue hands out the node on the longest way to a goal first, and of two
// the one that was demanded first. A node is
// in one queue at most, and knows its place there, so that it can be moved
// when somebody else turns out to need it sooner.
type queue []*node

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].before(q[j]) }

func (n *node) before(m *node) bool {
	if n.prio != m.prio {
		return n.prio > m.prio
	}
	return n.seq < m.seq
}

func (q queue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].place, q[j].place = int32(i), int32(j)
}

// Push implements heap.Interface; use put.
func (q *queue) Push(x any) {
	n := x.(*node)
	n.place = int32(len(*q))
	*q = append(*q, n)
}

// Pop implements heap.Interface; use take.
func (q *queue) Pop() any {
	old := *q
	n := old[len(old)-1]
	old[len(old)-1] = nil
	*q = old[:len(old)-1]
	return n
}

func (q *queue) put(n *node) {
	n.in = q
	heap.Push(q, n)
}

func (q *queue) take() *node {
	n := heap.Pop(q).(*node)
	n.in = nil
	return n
}

// raise moves a node nearer to the front.
func (n *node) raise(more time.Duration) {
	if more <= n.prio {
		return
	}
	n.prio = more
	if n.in != nil {
		heap.Fix(n.in, int(n.place))
	}
}

// firstGuess is how long an action may take of which nothing is known.
const firstGuess = 100 * time.Millisecond

// guessFrom is how many records are looked at for guesses.
const guessFrom = 1 << 11

// guesses are how long actions of a kind took on average.
type guesses struct {
	once  sync.Once
	means map[string]time.Duration
}

// guessTook guesses how long an action may take that never ran: as long as
// others of its kind did. A guess changes the order of things, nothing else.
func (s *Session) guessTook(kind string) time.Duration {
	s.guesses.once.Do(func() {
		type sum struct {
			took  time.Duration
			count int
		}
		sums := map[string]sum{}
		s.stateMu.Lock()
		left := guessFrom
		for a := range s.eng.state.Actions() {
			if left--; left < 0 {
				break
			}
			if a.Took > 0 && !a.Failed {
				k := kindOf(a.Name, a.ID())
				sums[k] = sum{sums[k].took + a.Took, sums[k].count + 1}
			}
		}
		s.stateMu.Unlock()
		s.guesses.means = make(map[string]time.Duration, len(sums))
		for k, v := range sums {
			s.guesses.means[k] = v.took / time.Duration(v.count)
		}
	})
	if d, ok := s.guesses.means[kind]; ok {
		return d
	}
	return firstGuess
}

// kindOf tells compiles from links: by the first word of the name ("cc
// lib/a.c"), or, where there is no such word, by the suffix of what it makes.
func kindOf(name, output string) string {
	if kind, _, ok := strings.Cut(name, " "); ok {
		return kind
	}
	return path.Ext(output)
}
