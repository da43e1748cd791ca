package action

import (
	"encoding/binary"
	"errors"
	"path"
	"slices"
	"strconv"
	"strings"

	"erg.build/erg/engine/digest"
)

// A Line is one thing that an action's key is made of.
type Line struct {
	What  string // "argument", "environment", "input", "tool", …
	Name  string
	Value string
}

// A Manifest is, in order, all that an action's declared key is made of. The
// key is its digest and the explanation of a rebuild is the difference of
// two of them: there is no second list that could drift apart from it.
type Manifest []Line

// keyVersion changes when the meaning of a manifest does.
const keyVersion = "1"

// Manifest describes the action. The digest of a file in Inputs is had from
// input.
func (s *Spec) Manifest(roots *Roots, input func(path string) digest.Digest) Manifest {
	m := make(Manifest, 0, len(s.Argv)+len(s.Env)+len(s.Inputs)+len(s.Outputs)+len(s.Tools)+6)
	add := func(what, name, value string) { m = append(m, Line{what, name, value}) }
	token := func(p string, abs bool) string {
		if abs {
			return "\x04" + roots.Canonical(p) + "\x03"
		}
		return "\x02" + roots.Canonical(p) + "\x03"
	}
	add("version", "", keyVersion)
	if s.Foreign != nil {
		m = append(m, s.Foreign.manifest()...)
	}
	if s.Install != nil {
		m = append(m, s.Install.manifest(func(a string) string { return Expand(a, token) })...)
	}
	if s.Written != nil {
		m = append(m, s.Written.manifest()...)
	}
	for i, a := range s.Argv {
		if i == 0 && path.IsAbs(a) {
			// Where a tool lies is no part of what it is: Tools says that.
			a = path.Base(a)
		}
		add("argument", strconv.Itoa(i), Expand(a, token))
	}
	for _, e := range s.Env {
		name, value, _ := strings.Cut(e, "=")
		add("environment", name, Expand(value, token))
	}
	if s.Foreign == nil || s.Dir != "" {
		add("directory", "", roots.Canonical(s.Dir))
	}
	for _, o := range s.Outputs {
		add("output", roots.Canonical(o), "")
	}
	for _, p := range s.Mirror {
		add("mirrored", roots.Canonical(p), "")
	}
	for _, mv := range s.Moves {
		add("moved", roots.Canonical(mv.From), roots.Canonical(mv.To))
	}
	for _, p := range []Line{{"stdin", "", s.Stdin}, {"stdout", "", s.Stdout}, {"depfile", "", s.Depfile}, {"expected", "", s.Expect}} {
		if p.Value != "" {
			add(p.What, "", roots.Canonical(p.Value))
		}
	}
	if s.Sandbox {
		add("sandbox", "", "on")
	}
	if s.Own != "" {
		add("copied", s.Own, "")
	}
	for _, t := range s.Tools {
		add("tool", t.Name, t.Identity.String())
	}
	for _, p := range s.Inputs {
		add("input", roots.Canonical(p), input(p).String())
	}
	if s.Expect != "" && !slices.Contains(s.Inputs, s.Expect) {
		// It may be absent: a new test has nothing to be held against yet.
		add("input", roots.Canonical(s.Expect), input(s.Expect).String())
	}
	if s.Sandbox {
		// No depfile tells which of them were read: all count.
		for _, p := range s.Order {
			add("input", roots.Canonical(p), input(p).String())
		}
	}
	return m
}

// Redacted returns the manifest with digests in place of what the command
// line and the environment say, for what must not be printed. Its key is
// another one.
func (m Manifest) Redacted() Manifest {
	out := make(Manifest, len(m))
	for i, l := range m {
		if l.What == "argument" || l.What == "environment" {
			l.Value = "(sensitive " + digest.OfString(l.Value).Short() + ")"
		}
		out[i] = l
	}
	return out
}

// Key returns the digest of the manifest.
func (m Manifest) Key() digest.Digest { return digest.Of(m.Encode()) }

// Encode returns a form that Decode reads.
func (m Manifest) Encode() []byte {
	size := 0
	for _, l := range m {
		size += len(l.What) + len(l.Name) + len(l.Value) + 6
	}
	b := make([]byte, 0, size)
	for _, l := range m {
		for _, s := range [...]string{l.What, l.Name, l.Value} {
			b = binary.AppendUvarint(b, uint64(len(s)))
			b = append(b, s...)
		}
	}
	return b
}

// DecodeManifest reads what Encode wrote.
func DecodeManifest(b []byte) (Manifest, error) {
	var m Manifest
	next := func() (string, bool) {
		n, k := binary.Uvarint(b)
		if k <= 0 || n > uint64(len(b)-k) {
			return "", false
		}
		s := string(b[k : k+int(n)])
		b = b[k+int(n):]
		return s, true
	}
	for len(b) > 0 {
		var l Line
		for _, f := range [...]*string{&l.What, &l.Name, &l.Value} {
			s, ok := next()
			if !ok {
				return nil, errors.New("manifest is damaged")
			}
			*f = s
		}
		m = append(m, l)
	}
	return m, nil
}

// Identity is the digest of the whole specification, real names included.
// Two definitions of one action have the same identity.
func (s *Spec) Identity() digest.Digest {
	m := make(Manifest, 0, len(s.Argv)+len(s.Env)+len(s.Inputs)+len(s.Order)+len(s.Outputs)+len(s.Include)+len(s.Tools)+8)
	m = append(m, Line{"version", keyVersion, ""}, Line{"name", s.Name, s.Context}, Line{"target", s.Target, s.Root})
	list := func(what string, ss []string) {
		for _, v := range ss {
			m = append(m, Line{what, v, ""})
		}
	}
	list("argv", s.Argv)
	list("env", s.Env)
	list("input", s.Inputs)
	list("order", s.Order)
	list("output", s.Outputs)
	list("include", s.Include)
	list("writable", s.Writable)
	list("visible", s.Visible)
	list("unknown", s.Unknown)
	list("mirror", s.Mirror)
	if f := s.Foreign; f != nil {
		m = append(m, f.manifest()...)
		m = append(m, Line{strconv.FormatBool(f.Phony), strconv.FormatBool(f.Console), f.Includes}, Line{"description", f.Description, ""})
	}
	if s.Install != nil {
		m = append(m, s.Install.manifest(func(a string) string { return a })...)
		m = append(m, Line{"site", s.Install.Site, ""})
		for _, step := range s.Install.Steps {
			m = append(m, Line{"program", step[0], ""}) // the manifest has its name only
		}
	}
	if s.Written != nil {
		m = append(m, s.Written.manifest()...)
	}
	for _, mv := range s.Moves {
		m = append(m, Line{"moved", mv.From, mv.To})
	}
	if s.Jobserver {
		m = append(m, Line{"jobserver", "", ""})
	}
	if s.Self {
		m = append(m, Line{"self", "", ""})
	}
	if s.Extra || s.Corrections != "" {
		m = append(m, Line{"corrections", s.Corrections, strconv.FormatBool(s.Extra)})
	}
	if s.Own != "" {
		m = append(m, Line{"copied", s.Own, ""})
	}
	list("from", s.From)
	list("lock", s.Locks)
	if s.Foreign != nil && s.Foreign.Mtime {
		m = append(m, Line{"mtime", "", ""})
	}
	m = append(m, Line{s.Dir, s.Stdin, s.Stdout}, Line{s.Depfile, s.Expect, s.Pool.Name + "\x00" + strconv.Itoa(s.Pool.Depth)},
		Line{strconv.FormatBool(s.Sandbox), strconv.FormatBool(s.Local), s.Timeout.String()})
	for _, t := range s.Tools {
		m = append(m, Line{"tool", t.Name, t.Identity.String()})
	}
	return digest.Of(m.Encode())
}

// A Difference is a line that differs between two manifests.
type Difference struct {
	What, Name string
	Old, New   string
	OnlyOld    bool
	OnlyNew    bool
}

// Diff lists how two manifests differ: lines are matched by what and name.
func Diff(old, new Manifest) []Difference {
	type id struct{ what, name string }
	was := map[id]string{}
	for _, l := range old {
		was[id{l.What, l.Name}] = l.Value
	}
	var ds []Difference
	is := map[id]bool{}
	for _, l := range new {
		k := id{l.What, l.Name}
		is[k] = true
		v, ok := was[k]
		switch {
		case !ok:
			ds = append(ds, Difference{What: l.What, Name: l.Name, New: l.Value, OnlyNew: true})
		case v != l.Value:
			ds = append(ds, Difference{What: l.What, Name: l.Name, Old: v, New: l.Value})
		}
	}
	for _, l := range old {
		if !is[id{l.What, l.Name}] {
			ds = append(ds, Difference{What: l.What, Name: l.Name, Old: l.Value, OnlyOld: true})
		}
	}
	return ds
}
