package contexts

import (
	"maps"
	"path"
	"slices"
	"sort"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"erg.build/erg/contexts/addr"
	"erg.build/erg/contexts/config"
	"erg.build/erg/contexts/lang"
	"erg.build/erg/engine"
	"erg.build/erg/engine/action"
)

// An install is an install block in one context: its files are defined under
// _build/CTX/.install, in the layout that they are to have.
type install struct {
	files map[string]string // install path ("share/pkg/x") to output path
}

// installRoot is where the files of a context are laid out.
func installRoot(c addr.Context) string { return contextRoot(c) + "/.install" }

// packageName is the directory under which most sections put their files.
func (g *target) packageName(d *directory) string {
	if g.name != "" {
		return g.name
	}
	if d.dir == "" {
		return "root"
	}
	return path.Base(d.dir)
}

// sectionDir is where a section's files go. bin and sbin are shared by all
// packages, and so is man, by section of the manual.
func sectionDir(section, pkg string) string {
	switch section {
	case "bin", "sbin", "man", "stublibs", "include":
		return section
	case "lib_root", "share_root", "libexec_root":
		return strings.TrimSuffix(section, "_root")
	}
	return section + "/" + pkg
}

// manDir is the directory of a manual page: man1 for erg.1.
func manDir(name string) string {
	if ext := path.Ext(name); len(ext) == 2 && ext[1] >= '1' && ext[1] <= '9' {
		return "man" + ext[1:] + "/" + name
	}
	return name
}

func cutSection(p, section string) (string, bool) { return strings.CutPrefix(p, section+"/") }

// installNames lists the install paths of a block.
func (ev *Evaluator) installNames(t *engine.Task, d *directory, g *target) ([]string, hcl.Diagnostics) {
	files, diags := ev.installFiles(t, d, g)
	names := make([]string, 0, len(files))
	for n := range files {
		names = append(names, n)
	}
	sort.Strings(names)
	return names, diags
}

// installFiles evaluates a block: install paths and the files that go there.
func (ev *Evaluator) installFiles(t *engine.Task, d *directory, g *target) (map[string]string, hcl.Diagnostics) {
	sc := &scope{ev: ev, t: t, dir: d, each: g.each}
	out := map[string]string{}
	var diags hcl.Diagnostics
	for _, s := range g.install.Sections {
		val, more := lang.Eval(s.Files, sc)
		diags = append(diags, more...)
		if more.HasErrors() {
			continue
		}
		diags = append(diags, ev.installSection(sc, g, s, val, out)...)
	}
	return out, diags
}

func (ev *Evaluator) installSection(sc *scope, g *target, s *config.InstallSection, val cty.Value, out map[string]string) hcl.Diagnostics {
	var diags hcl.Diagnostics
	dir := sectionDir(s.Section, g.packageName(sc.dir))
	add := func(dest string, v cty.Value, rng hcl.Range) {
		p, ok, more := ev.filePath(sc.t, v, sc.dir.dir, sc.dir, rng)
		diags = append(diags, more...)
		if !ok {
			return
		}
		if dest == "" {
			if dest = path.Base(p); s.Section == "man" {
				dest = manDir(dest)
			}
		}
		if clean := path.Clean(dest); path.IsAbs(dest) || clean == ".." || strings.HasPrefix(clean, "../") {
			diags = append(diags, errorAt(rng, "Destination outside of the package", "%q leads out of section %s.", dest, s.Section)...)
			return
		}
		dest = path.Join(dir, dest)
		if old, dup := out[dest]; dup && old != p {
			diags = append(diags, errorAt(rng, "Two files for one place", "%s and %s are both installed as %s.", old, p, dest)...)
			return
		}
		out[dest] = p
	}
	plain, marks := val.Unmark()
	switch {
	case !plain.IsKnown():
	case plain.IsNull():
	case plain.Type().IsMapType() || plain.Type().IsObjectType():
		for dest, v := range plain.AsValueMap() {
			add(dest, v.WithMarks(marks), s.Files.Range())
		}
	case plain.CanIterateElements():
		i := 0
		for it := plain.ElementIterator(); it.Next(); i++ {
			_, v := it.Element()
			add("", v.WithMarks(marks), elementRange(s.Files, i))
		}
	default:
		diags = append(diags, errorAt(s.Files.Range(), "Invalid section", "A section is a list of files, or a map of names under which to install them.")...)
	}
	return diags
}

// install defines the actions that lay out a block's files.
func (ev *Evaluator) install(t *engine.Task, a addr.Target) (*install, error) {
	d, g, err := ev.targetOf(t, a)
	if err != nil {
		return nil, err
	}
	ev.noteTarget(t, g)
	files, diags := ev.installFiles(t, d, g)
	in := &install{files: map[string]string{}}
	sc := &scope{ev: ev, t: t, dir: d, each: g.each}
	for _, dest := range slices.Sorted(maps.Keys(files)) {
		p := files[dest]
		out := installRoot(g.ctx) + "/" + dest
		spec := newSpec(g, "install "+dest)
		spec.Dir, spec.Sandbox = "", false
		cmd := &command{inputs: []string{p}}
		// Like the program of a rule, cp counts by what it is.
		more := ev.runTool(sc, cmd, lang.Native[string]{Value: "cp", Known: true}, []string{action.Ref(p), action.Ref(out)}, g.header.Range)
		if diags = append(diags, more...); more.HasErrors() {
			continue
		}
		cmd.fill(&spec, sc)
		spec.Outputs = []string{out}
		if err := ev.defineOutput(ev.at(t, g.header.Range), d, p); err != nil {
			diags = append(diags, ev.diagnose(err, g.header.Range, "Invalid install")...)
			continue
		}
		if err := t.Define(spec); err != nil {
			diags = append(diags, ev.diagnose(err, g.header.Range, "Invalid install")...)
			continue
		}
		in.files[dest] = out
	}
	t.PruneTarget(a.String())
	return in, ev.report(diags)
}

// installed is the value of an installed file.
func (ev *Evaluator) installed(t *engine.Task, g *target, dest string) (cty.Value, error) {
	in, err := ev.installQ.Get(t, g.addr())
	if err != nil {
		return cty.UnknownVal(cty.String), err
	}
	return lang.FileVal(lang.FileMark{Path: in.files[dest], ID: artifact{ctx: g.ctx, target: g.addr().String()}}), nil
}
