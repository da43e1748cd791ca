package engine

import (
	"container/heap"
	"time"
)

// A queue hands out the node on the longest way to a goal first, and of two
// the one that was demanded first. A node is
// in one queue at most, and knows its place there, so that it can be moved
// when somebody else turns out to need it sooner.
type queue []*node

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool {
	if q[i].prio != q[j].prio {
		return q[i].prio > q[j].prio
	}
	return q[i].seq < q[j].seq
}
func (q queue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].place, q[j].place = i, j
}

// Push implements heap.Interface; use put.
func (q *queue) Push(x any) {
	n := x.(*node)
	n.place = len(*q)
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
		heap.Fix(n.in, n.place)
	}
}
