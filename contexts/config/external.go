package config

import (
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// source reads a source block and checks which attributes go together.
func (d *decoder) source(b *hcl.Block) *Source {
	s := &Source{Header: d.header(b)}
	d.body(b.Body, &s.Header, fields{
		"for_each":  &s.ForEach,
		"npm":       &s.NPM,
		"url":       &s.URL,
		"git":       &s.Git,
		"dir":       &s.Dir,
		"rev":       &s.Rev,
		"integrity": &s.Integrity,
		"strip":     &s.Strip,
		"patches":   &s.Patches,
		"max_files": &s.MaxFiles,
		"max_size":  &s.MaxSize,
	})
	d.noSelf("for_each", s.ForEach)
	var from []string
	for _, name := range SourceKinds {
		if _, ok := s.Attrs[name]; ok {
			from = append(from, name)
		}
	}
	switch {
	case len(from) == 0:
		d.error(s.Range, "Source from nowhere", "A source needs one of \"%s\" and \"dir\", to say where it comes from.", strings.Join(SourceKinds[:3], "\", \""))
		return s
	case len(from) > 1:
		d.error(s.Attrs[from[1]].NameRange, "Conflicting arguments", "A source comes from one place; %q is already set at %s.", from[0], position(s.Attrs[from[0]].NameRange))
		return s
	}
	if a, ok := s.Attrs["rev"]; ok && from[0] != "git" {
		d.error(a.NameRange, "Conflicting arguments", "The argument \"rev\" of a source makes sense only with \"git\".")
	}
	if from[0] == "git" {
		d.require(&s.Header, "a source from Git: a tag, a branch or a commit", "rev")
	}
	if a, ok := s.Attrs["integrity"]; ok && from[0] == "dir" {
		d.error(a.NameRange, "Conflicting arguments", "The argument \"integrity\" makes no sense with \"dir\": the files of a directory are sources like any other.")
	}
	return s
}
