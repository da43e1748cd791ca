package engine

import "testing"

func TestPublisherTakes(t *testing.T) {
	small := publication{texts: []text{{content: make([]byte, 100)}, {content: []byte{}}}}
	large := publication{texts: []text{{content: []byte{}}, {}}}
	p := &publisher{}
	add := func(js ...publication) {
		for _, j := range js {
			p.waiting = append(p.waiting, j)
			p.bytes += j.bytes()
			if j.copies() {
				p.copies++
			}
		}
	}
	take := func(want int, ready bool) {
		t.Helper()
		if got := len(p.take()); got != want || p.ready() != ready {
			t.Errorf("took %d, want %d; ready %v", got, want, p.ready())
		}
	}
	add(small, small)
	if p.ready() {
		t.Error("two small results are worth a batch")
	}
	// Each worker copies the files of one result.
	add(large, small, large, small)
	take(3, true)
	take(2, false)
	p.due = true
	take(1, false)
	if p.due || p.bytes != 0 || p.copies != 0 {
		t.Errorf("nothing waits: %+v", p)
	}
	for range batchLen + 1 {
		add(small)
	}
	take(batchLen, false)
	take(1, false)
	add(publication{texts: []text{{content: make([]byte, batchBytes)}}})
	take(1, false)
}
