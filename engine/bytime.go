package engine

import (
	"erg.build/erg/engine/digest"
	"erg.build/erg/engine/trace"
)

// This file is about actions for which time counts beside content
// (action.Foreign.Mtime). To them an input is its content and when it was
// modified; what they make has a mark of its own in each run, which is what
// their users see.

// byTime reports whether time counts for a node.
func (n *node) byTime() bool { return n.spec.Foreign != nil && n.spec.Foreign.Mtime }

// inputOf returns the digest that an input has for a node.
func (s *Session) inputOf(n *node, p string) (digest.Digest, error) {
	d, err := s.inputDigest(p)
	if err != nil {
		return d, err
	}
	return s.dated(n, p, d)
}

// dated adds the time to the digest of an input, if it counts for the node.
func (s *Session) dated(n *node, p string, d digest.Digest) (digest.Digest, error) {
	if !n.byTime() || d.IsZero() {
		return d, nil
	}
	h := digest.New()
	h.Write(d[:])
	if err := s.addTimes(p, func(t digest.Digest) { h.Write(t[:]) }, map[string]bool{}); err != nil {
		return digest.Digest{}, err
	}
	return digest.Sum(h), nil
}

// addTimes adds when a file was modified. A phony target stands for its
// inputs. What it adds the goal depends on: see trace.Mtime.
func (s *Session) addTimes(p string, add func(digest.Digest), seen map[string]bool) error {
	if seen[p] {
		return nil
	}
	seen[p] = true
	if n := s.producer(p); n != nil && n.traits.has(isPhony) && n.traits.has(hasInputs) {
		for _, in := range s.declared(n) {
			if err := s.addTimes(in, add, seen); err != nil {
				return err
			}
		}
		return nil
	}
	f, err := s.leaf(p, trace.Mtime)
	if err == nil {
		add(f.Digest)
	}
	return err
}
