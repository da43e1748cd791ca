package engine

// gate holds actions back, probes excepted, until all that can be evaluated
// without them has been. People then see every mistake of the configuration
// before anything runs, and the order of the actions is chosen with the whole
// graph in view. The gate opens once and for good.
//
// The scheduler's lock guards it.
type gate struct {
	opened bool
	active int     // goroutines of queries that do not wait for anything
	held   []*node // what would run
}

// enter and leave count the goroutines of queries that get on.
func (s *Session) enter(n int) {
	s.mu.Lock()
	s.gate.active += n
	s.mu.Unlock()
}

func (s *Session) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gate.active--
	if !s.gate.opened && s.gate.active == 0 {
		s.pump()
	}
}

// hold keeps a node back while the gate is closed. The caller holds mu.
func (s *Session) hold(n *node) bool {
	if s.gate.opened || n.traits.has(isProbe) {
		return false
	}
	s.gate.held = append(s.gate.held, n)
	return true
}

// openGate opens the gate if evaluation has come as far as it can, and reports
// whether that lets anything run. The caller holds mu.
func (s *Session) openGate() bool {
	if s.gate.opened || s.gate.active > 0 || s.prep > 0 || s.running > 0 || len(s.ready) > 0 && !s.crowded() {
		return false
	}
	s.gate.opened = true
	held := s.gate.held
	s.gate.held = nil
	for _, n := range held {
		if n.traits.has(isAlone) || len(s.flight(n).made)+len(s.lastMade[n.key]) == 0 {
			s.runnable.put(n)
			continue
		}
		// Since it was looked at, an action came up that has its result.
		for _, w := range append([]*node{n}, s.land(n)...) {
			s.again(w)
		}
	}
	if s.opts.BeforeRun != nil && !s.opts.BeforeRun() {
		s.stop()
	}
	return true
}
