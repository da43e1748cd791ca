package rules

import (
	"path"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/dune"
	"erg.build/erg/engine"
)

// whole returns a directory with the stanzas of files that rules make, which
// are known after build. Tables of all directories, of libraries and of public
// programs, do without: such stanzas may not add to them, or they would wait
// for what they are needed for.
func (r *Rules) whole(t *engine.Task, c addr.Context, d *dir) (*dir, error) {
	if len(d.dynamic) == 0 {
		return d, nil
	}
	return r.wholeQ.Get(t, dirKey{c, d.path})
}

func (r *Rules) wholeDir(t *engine.Task, k dirKey) (*dir, error) {
	tr, err := r.treeOf(t, k.ctx)
	if err != nil {
		return nil, err
	}
	out := *tr.in(k.dir)
	b := &dynamicReader{r: r, t: t, ctx: k.ctx, d: tr.in(k.dir)}
	for _, in := range out.dynamic {
		if err := b.include(in, nil); err != nil {
			return nil, r.fail(err, in.At(), "Cannot include "+in.File.Value)
		}
	}
	out.stanzas, out.dynamic = slices.Concat(out.stanzas, b.out), nil
	return &out, nil
}

// A dynamicReader reads the files that dynamic_include names.
type dynamicReader struct {
	r   *Rules
	t   *engine.Task
	ctx addr.Context
	d   *dir
	out []dune.Stanza
}

// include adds the stanzas of a file. Stack are the files that are being included.
func (b *dynamicReader) include(in *dune.Include, stack []string) error {
	from := b.d.path
	if len(stack) > 0 {
		from = path.Dir(stack[len(stack)-1])
	}
	file := joinPath(from, in.File.Value)
	if slices.Contains(stack, file) {
		return errorAt(in.At(), "Cycle of files", "%s includes itself: %s.", file, strings.Join(append(stack, file), " -> "))
	}
	real := file
	switch same := cleanDir(path.Dir(file)) == b.d.path; {
	case !same:
		var err error
		if real, err = b.r.file(b.r.w.At(b.t, in.At()), b.ctx, file, in.File.Range); err != nil {
			return err
		}
	case !slices.Contains(b.d.names, path.Base(file)):
		return errorAt(in.File.Range, "In the same directory", "Which rules there are in %s would depend on what one of them makes. Have %s made in another directory.", orTop(b.d.path), path.Base(file))
	}
	text, err := b.r.content(b.t, real)
	if err != nil {
		return err
	}
	b.r.w.File(real, []byte(text))
	f, diags := dune.ReadIncluded(real, []byte(text), b.d.project.Project, in)
	if err := b.r.w.Report(b.r.once(diags)); err != nil {
		return err
	}
	for _, s := range f.Stanzas {
		if more, ok := s.(*dune.Include); ok {
			if err := b.include(more, append(stack, file)); err != nil {
				return err
			}
			continue
		}
		if diags := tooLate(s); diags.HasErrors() {
			return diags
		}
		b.out = append(b.out, s)
	}
	return nil
}

// tooLate complains of stanzas that may not come from a file that rules make.
func tooLate(s dune.Stanza) hcl.Diagnostics {
	why := "libraries are looked up in tables that come before it"
	switch s := s.(type) {
	case *dune.Library, *dune.DeprecatedLibraryName, *dune.Plugin:
	case *dune.Executables:
		if !slices.ContainsFunc(s.Programs, func(p dune.Executable) bool { return p.PublicName.Given() }) {
			return nil
		}
		why = "public programs are looked up in a table that comes before it"
	case *dune.Install:
		if s.Section.Value != "bin" && !s.Site.Given() {
			return nil
		}
		why = "what is installed there is looked up in a table that comes before it"
	case *dune.Env, *dune.IncludeSubdirs:
		why = "it holds for directories below as well, which may be where the file is made"
	default:
		return nil
	}
	return errorAt(s.At(), "Too late for this", "A stanza %q may not stand in a file that rules make: %s.", s.Keyword(), why)
}
