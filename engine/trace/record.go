package trace

import (
	"time"

	"erg.build/erg/engine/action"
	"erg.build/erg/engine/digest"
)

// Records name files by rows, of which each file has its own numbering.

// rowOf numbers files for an encoder.
type rowOf func(FileKey) Row

// rowKey tells a decoder what a row stands for, and digestOf which digest the
// base has for it: most records agree with it, and need not spell it.
type (
	rowKey   func(Row) (FileKey, bool)
	digestOf func(Row) digest.Digest
)

// Flags of an action's record.
const (
	flagFailed = 1 << iota
	flagBaked
	flagRecipe
	flagNamed // Name is not that of the first output
)

func (e *encoder) action(a *Action, row rowOf, like digestOf) {
	flags := byte(0)
	for _, f := range [...]struct {
		bit byte
		set bool
	}{{flagFailed, a.Failed}, {flagBaked, a.Baked}, {flagRecipe, a.Recipe != nil}, {flagNamed, a.Name != a.ID()}} {
		if f.set {
			flags |= f.bit
		}
	}
	e.byte(flags)
	e.uint(uint64(len(a.Outs)))
	for _, o := range a.Outs {
		r := row(FileKey{Path: o.Path})
		e.row(r)
		e.digest(o.Digest, like(r))
		e.int(o.Size)
		e.bool(o.Exec)
		e.digest(o.Mark, a.Full)
	}
	if a.Name != a.ID() {
		e.string(a.Name)
	}
	e.string(a.Context)
	e.string(a.Target)
	e.digest(a.Spec, digest.Digest{})
	e.digest(a.Key, digest.Digest{})
	e.digest(a.Full, a.Key)
	e.uint(uint64(len(a.Deps)))
	for _, d := range a.Deps {
		r := row(a.depKey(d))
		e.row(r)
		e.digest(d.Digest, like(r))
		e.bool(d.Discovered)
	}
	e.bytes(a.Manifest)
	e.bytes(a.Message)
	e.int(int64(a.Took))
	e.int(a.Peak)
	e.uint(uint64(a.Verified))
	e.uint(uint64(a.Ran))
	e.changes(a.Why)
	e.uint(uint64(a.Changed))
	e.changes(a.Cause)
	if a.Recipe != nil {
		e.recipe(a.Recipe, row)
	}
}

func (d *decoder) action(key rowKey, like digestOf) *Action {
	a := &Action{}
	flags := d.actionHead(a, key, like)
	if d.err != nil {
		return a
	}
	a.Manifest = d.own()
	a.Message = d.own()
	a.Took = time.Duration(d.int())
	a.Peak = d.int()
	a.Verified = uint32(d.uint())
	a.Ran = uint32(d.uint())
	a.Why = d.changes()
	a.Changed = uint32(d.uint())
	a.Cause = d.changes()
	if flags&flagRecipe != 0 {
		a.Recipe = d.recipe(a, key)
	}
	return a
}

// actionHead decodes a record up to what the action used.
func (d *decoder) actionHead(a *Action, key rowKey, like digestOf) (flags byte) {
	path := func() (string, Row) {
		r := d.row()
		k, ok := key(r)
		if !ok {
			d.fail()
		}
		return k.Path, r
	}
	flags = d.byte()
	a.Failed, a.Baked = flags&flagFailed != 0, flags&flagBaked != 0
	a.Outs = make([]Out, d.count())
	marks := make([]bool, len(a.Outs)) // like Full, which comes later
	full := digest.Digest{1}
	for i := range a.Outs {
		p, r := path()
		o := Out{Path: p, Digest: d.digest(like(r)), Size: d.int(), Exec: d.bool(), Mark: d.digest(full)}
		marks[i] = o.Mark == full
		a.Outs[i] = o
	}
	if len(a.Outs) == 0 {
		d.fail()
		return flags
	}
	a.Name = a.ID()
	if flags&flagNamed != 0 {
		a.Name = d.string()
	}
	a.Context, a.Target = d.string(), d.string()
	a.Spec, a.Key = d.digest(digest.Digest{}), d.digest(digest.Digest{})
	a.Full = d.digest(a.Key)
	for i, m := range marks {
		if m {
			a.Outs[i].Mark = a.Full
		}
	}
	a.Deps = make([]Dep, d.count())
	for i := range a.Deps {
		p, r := path()
		a.Deps[i] = Dep{Path: p, Digest: d.digest(like(r)), Discovered: d.bool()}
	}
	return flags
}

func (e *encoder) changes(cs []Change) {
	e.uint(uint64(len(cs)))
	for _, w := range cs {
		e.string(w.What)
		e.string(w.Name)
		e.string(w.Old)
		e.string(w.New)
	}
}

func (d *decoder) changes() []Change {
	n := d.count()
	if n == 0 {
		return nil
	}
	cs := make([]Change, n)
	for i := range cs {
		cs[i] = Change{d.string(), d.string(), d.string(), d.string()}
	}
	return cs
}

// Flags of a recipe.
const (
	recipeSandbox = 1 << iota
	recipeLocal
	recipeForeign
	recipePhony
	recipeGenerator
	recipeRestat
	recipeConsole
	recipeKeepDepfile
	recipeJobserver
	recipeMtime
	recipePlaced // foreign, beside erg's own
	recipeSelf
	recipeFrom
	recipeInstall // a package
	recipeExtra
	recipeCorrections
	recipeWritten
	recipeMoves
	recipeMirror
	recipeLocks
	recipeVisible
	recipeOwn
)

// recipeFlags are the bits of recipeSandbox and the following.
func recipeFlags(s *action.Spec, f *action.Foreign, placed bool) uint64 {
	flags := uint64(0)
	for i, set := range [...]bool{
		s.Sandbox, s.Local, s.Foreign != nil, f.Phony, f.Generator, f.Restat, f.Console, f.KeepDepfile, s.Jobserver, f.Mtime, placed, s.Self,
		len(s.From) > 0, s.Install != nil, s.Extra, s.Corrections != "", s.Written != nil,
		len(s.Moves) > 0, len(s.Mirror) > 0, len(s.Locks) > 0, len(s.Visible) > 0, s.Own != "",
	} {
		if set {
			flags |= 1 << i
		}
	}
	return flags
}

// recipe writes what the record does not tell of a specification.
func (e *encoder) recipe(s *action.Spec, row rowOf) {
	f := s.Foreign
	if f == nil {
		f = &action.Foreign{}
	}
	placed := s.Foreign != nil && (s.Root != "" || s.Dir != "" || len(s.Env)+len(s.Tools) > 0)
	e.uint(recipeFlags(s, f, placed))
	e.uint(uint64(len(s.Inputs)))
	e.uint(uint64(len(s.Order)))
	for _, p := range s.Order {
		e.row(row(FileKey{Path: p}))
	}
	e.string(s.Depfile)
	e.string(s.Pool.Name)
	e.int(int64(s.Pool.Depth))
	if s.Foreign != nil {
		e.string(f.Command)
		e.string(f.Rspfile)
		e.string(f.RspContent)
		e.string(f.Includes)
		e.string(f.Description)
		if placed {
			e.place(s)
		}
		return
	}
	e.place(s)
	e.strings(s.Argv)
	e.string(s.Stdin)
	e.string(s.Stdout)
	e.strings(s.Include)
	e.strings(s.Writable)
	e.int(int64(s.Timeout))
	e.string(s.Expect)
	if s.Expect != "" {
		row(FileKey{Path: s.Expect})
	}
	if len(s.From) > 0 {
		e.strings(s.From)
	}
	if s.Corrections != "" {
		e.string(s.Corrections)
	}
	if w := s.Written; w != nil {
		e.string(w.Text)
		e.bool(w.Sums)
	}
	if len(s.Moves) > 0 {
		e.uint(uint64(len(s.Moves)))
		for _, m := range s.Moves {
			e.string(m.From)
			e.string(m.To)
		}
	}
	if len(s.Mirror) > 0 {
		e.strings(s.Mirror)
	}
	if len(s.Locks) > 0 {
		e.strings(s.Locks)
	}
	if len(s.Visible) > 0 {
		e.strings(s.Visible)
	}
	if s.Own != "" {
		e.string(s.Own)
	}
	if i := s.Install; i != nil {
		e.string(i.Site)
		e.string(i.Source)
		e.string(i.Dir)
		e.uint(uint64(len(i.Steps)))
		for _, step := range i.Steps {
			e.strings(step)
		}
	}
}

// place writes where an action runs, and with what.
func (e *encoder) place(s *action.Spec) {
	e.string(s.Root)
	e.string(s.Dir)
	e.strings(s.Env)
	e.uint(uint64(len(s.Tools)))
	for _, t := range s.Tools {
		e.string(t.Name)
		e.digest(t.Identity, digest.Digest{})
	}
}

func (d *decoder) place(s *action.Spec) {
	s.Root, s.Dir, s.Env = d.string(), d.string(), d.strings()
	if n := d.count(); n > 0 {
		s.Tools = make([]action.Tool, n)
		for i := range s.Tools {
			s.Tools[i] = action.Tool{Name: d.string(), Identity: d.digest(digest.Digest{})}
		}
	}
}

func (d *decoder) recipe(a *Action, key rowKey) *action.Spec {
	flags := d.uint()
	s := &action.Spec{Name: a.Name, Context: a.Context, Target: a.Target,
		Sandbox: flags&recipeSandbox != 0, Local: flags&recipeLocal != 0, Jobserver: flags&recipeJobserver != 0}
	n := d.uint()
	if n > uint64(len(a.Deps)) {
		d.fail()
		return nil
	}
	s.Inputs = make([]string, n)
	for i := range s.Inputs {
		s.Inputs[i] = a.Deps[i].Path
	}
	s.Outputs = make([]string, len(a.Outs))
	for i, o := range a.Outs {
		s.Outputs[i] = o.Path
	}
	s.Order = make([]string, d.count())
	for i := range s.Order {
		k, ok := key(d.row())
		if !ok {
			d.fail()
			return nil
		}
		s.Order[i] = k.Path
	}
	s.Depfile = d.string()
	s.Pool = action.Pool{Name: d.string(), Depth: int(d.int())}
	if flags&recipeForeign != 0 {
		s.Foreign = &action.Foreign{Phony: flags&recipePhony != 0, Generator: flags&recipeGenerator != 0, Restat: flags&recipeRestat != 0,
			Console: flags&recipeConsole != 0, KeepDepfile: flags&recipeKeepDepfile != 0, Mtime: flags&recipeMtime != 0,
			Command: d.string(), Rspfile: d.string(), RspContent: d.string(), Includes: d.string(), Description: d.string()}
		if flags&recipePlaced != 0 {
			d.place(s)
		}
		return s
	}
	d.place(s)
	s.Argv, s.Stdin, s.Stdout = d.strings(), d.string(), d.string()
	s.Include, s.Writable = d.strings(), d.strings()
	s.Timeout, s.Expect = time.Duration(d.int()), d.string()
	s.Self, s.Extra = flags&recipeSelf != 0, flags&recipeExtra != 0
	if flags&recipeFrom != 0 {
		s.From = d.strings()
	}
	if flags&recipeCorrections != 0 {
		s.Corrections = d.string()
	}
	if flags&recipeWritten != 0 {
		s.Written = &action.Written{Text: d.string(), Sums: d.bool()}
	}
	if flags&recipeMoves != 0 {
		s.Moves = make([]action.Move, d.count())
		for i := range s.Moves {
			s.Moves[i] = action.Move{From: d.string(), To: d.string()}
		}
	}
	if flags&recipeMirror != 0 {
		s.Mirror = d.strings()
	}
	if flags&recipeLocks != 0 {
		s.Locks = d.strings()
	}
	if flags&recipeVisible != 0 {
		s.Visible = d.strings()
	}
	if flags&recipeOwn != 0 {
		s.Own = d.string()
	}
	if flags&recipeInstall != 0 {
		s.Install = &action.Install{Site: d.string(), Source: d.string(), Dir: d.string(), Steps: make([][]string, d.count())}
		for i := range s.Install.Steps {
			s.Install.Steps[i] = d.strings()
		}
	}
	return s
}

func (e *encoder) element(m *Element) {
	e.string(m.Address)
	e.string(m.Value)
	e.string(m.Previous)
	e.string(m.Site)
	e.bool(m.Sensitive)
	e.uint(uint64(m.Changed))
	e.uint(uint64(m.Seen))
	e.strings(m.Deps)
	e.changes(m.Why)
}

func (d *decoder) element() *Element {
	m := &Element{Address: d.string(), Value: d.string(), Previous: d.string(), Site: d.string(),
		Sensitive: d.bool(), Changed: uint32(d.uint()), Seen: uint32(d.uint())}
	m.Deps = d.strings()
	m.Why = d.changes()
	return m
}
