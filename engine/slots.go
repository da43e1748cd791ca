package engine

import (
	"slices"
	"strings"
	"sync"

	"erg.build/erg/engine/action"
	"erg.build/erg/engine/event"
	"erg.build/erg/engine/exec"
	"erg.build/erg/engine/jobserver"
	"erg.build/erg/engine/sandbox"
)

// slots is how a session shares its lanes with programs above and below it
// that run jobs. As in package jobserver, the first process that runs has the
// session's implicit slot, and every other one a token of the pool: then a
// make that is one of them finds in the pool just what nobody else uses.
//
// A session of its own makes the pool when the first process starts that may
// use one: most builds have none, and pay nothing.
type slots struct {
	pool    *jobserver.Pool
	own     bool // pool was made here
	bad     bool // none can be made
	clients int  // running processes that were told of the pool
	prober  jobserver.Prober
	// environs are the session's environment as processes see it that are told
	// of the pool, by style. Most processes have one of these.
	environs sync.Map
}

// lends reports whether a process is told of the pool.
func lends(spec *action.Spec) bool { return spec.Foreign != nil || spec.Jobserver }

// slot gets a slot for one more process. Where there is none, the session goes
// on as soon as somebody gives one back. The caller holds mu.
func (s *Session) slot() bool {
	p := s.slots.pool
	if p == nil || s.running == 0 || p.Take() {
		return true
	}
	p.Notify(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if len(s.runnable) > 0 {
			s.pump()
		}
	})
	return false
}

// lendSlots makes the pool if a process that has just got a lane needs one.
// The caller holds mu.
func (s *Session) lendSlots(n *node) {
	if !lends(n.spec) {
		return
	}
	if s.slots.pool == nil && !s.slots.bad {
		p, err := jobserver.Serve(s.scratch(), len(s.lanes))
		if err != nil {
			s.slots.bad = true
			s.message(event.Warning, err.Error()+"; programs that run jobs themselves run them beside the others")
			return
		}
		for range s.running - 1 {
			p.Take()
		}
		s.slots.pool, s.slots.own = p, true
	}
	s.slots.clients++
}

// freeSlot gives back the slot of a process that has ended. The caller holds
// mu.
func (s *Session) freeSlot(n *node) {
	p := s.slots.pool
	if p == nil {
		return
	}
	if p.Held() > max(0, s.running-1) {
		p.Give()
	}
	if !lends(n.spec) {
		return
	}
	if s.slots.clients--; s.slots.clients == 0 {
		p.Refill()
	}
}

// closeSlots ends a pool that was made here. Nothing runs any more, until the
// next one is made.
func (s *Session) closeSlots() {
	if !s.slots.own {
		return
	}
	s.mu.Lock()
	p := s.slots.pool
	s.slots.pool, s.slots.own = nil, false
	s.slots.environs.Clear()
	s.mu.Unlock()
	p.Close()
}

// tellSlots tells a process of the pool, if it is to know, in the form that
// what it runs understands.
func (s *Session) tellSlots(cmd *exec.Command, spec *action.Spec) {
	if !lends(spec) {
		return
	}
	p := s.slots.pool // was there before this process got its lane
	if p == nil {
		return
	}
	command := strings.Join(cmd.Argv, " ")
	if spec.Foreign != nil {
		command = spec.Foreign.Command
	}
	style := s.slots.prober.Style(command, cmd.Dir, cmd.Env)
	if style == jobserver.Fifo && cmd.Sandbox != nil && cmd.Sandbox.Method != sandbox.None {
		style = jobserver.OwnFifo
	}
	// The first numbers, as make has them: shell scripts, configure among them,
	// redirect those from 5 on.
	const first = 3
	if spec.Foreign != nil && spec.Env == nil { // the session's
		env, ok := s.slots.environs.Load(style)
		if !ok {
			env = slices.Clip(p.Environ(cmd.Env, first, style))
			s.slots.environs.Store(style, env)
		}
		cmd.Env = env.([]string)
	} else {
		cmd.Env = p.Environ(cmd.Env, first, style)
	}
	cmd.ExtraFiles = slices.Concat(p.Files(), cmd.ExtraFiles)
}
