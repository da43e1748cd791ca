package ocaml

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"erg.build/erg/engine"
	"erg.build/erg/engine/action"
)

// plan defines the generators and ocamldep, demands its answer, and works
// out which module needs which. Planning, the answer may not be known. What
// will be made is known all the same, one action for each module and mode, so
// the actions are defined and listed one by one; they say that they wait for
// ocamldep, and only their inputs and the order of links are left open. So
// there is no group of deferred actions to announce.
func (b *builder) plan(t *engine.Task) error {
	b.t = t
	more, err := b.tc.standardTools(t, b.std)
	if err != nil {
		return err
	}
	b.tools = append(b.tc.used(), more...)
	b.flags = map[Mode][]string{Byte: b.compileFlags(Byte), Native: b.compileFlags(Native)}
	if err := b.generate(); err != nil {
		return err
	}
	for _, m := range b.src.modules {
		if m.text == "" && m.aliases == nil {
			continue
		}
		if err := b.write(m.impl, m.text); err != nil {
			return err
		}
	}
	if err := b.depend(); err != nil {
		return err
	}
	if b.vlib != nil {
		b.vlib.t, b.vlib.tools = t, b.vlib.tc.used()
		if err := b.vlib.depend(); err != nil {
			return err
		}
		b.waits = append(b.waits, b.vlib.waits...)
	}
	if len(b.waits) > 0 {
		b.modules = slices.Concat(b.nested, b.src.modules, b.src.compat)
		return nil
	}
	if err := b.resolve(); err != nil {
		return err
	}
	if b.modules, err = order(b.u.Target, slices.Concat(b.nested, b.foreignModules(), b.src.modules)); err != nil {
		return err
	}
	b.modules = append(b.modules, b.src.compat...)
	b.named = b.librariesNamed()
	b.reach = reaches(b.modules, b.named)
	return nil
}

// spec begins an action of the unit.
func (b *builder) spec(name string) action.Spec {
	return action.Spec{
		Name: name, Context: b.u.Context, Target: b.u.Target, Root: b.u.Root,
		Env: b.env, Tools: b.tools,
		Unknown: slices.Concat(b.u.Unknown, b.waits),
	}
}

// generate defines the runs of ocamllex and ocamlyacc. They run in an
// output root, as compilers do: what they make names the source.
func (b *builder) generate() error {
	for _, src := range b.src.lexers {
		out := generated(b.u.Owner, src, ".ml")
		if err := b.generator("ocamllex", src, []string{out}, "-q", "-o", action.Ref(out), action.Ref(src)); err != nil {
			return err
		}
	}
	for _, src := range b.src.parsers {
		outs := []string{generated(b.u.Owner, src, ".ml"), generated(b.u.Owner, src, ".mli")}
		if err := b.generator("ocamlyacc", src, outs, "-b"+action.Ref(strings.TrimSuffix(outs[0], ".ml")), action.Ref(src)); err != nil {
			return err
		}
	}
	return nil
}

func (b *builder) generator(tool, src string, outs []string, args ...string) error {
	from := b.provider(tool)
	if from == nil {
		return &SourceError{b.u.Target, src, b.lacks(tool)}
	}
	s := b.specOf(from, tool+" "+b.shown(src))
	s.Unknown = nil // it depends on no flags
	s.Argv = append([]string{from.tools[tool]}, args...)
	if s.Dir, _ = action.RootOf(src); s.Dir == "" {
		s.Dir = b.u.Root
	}
	s.Inputs = []string{src}
	s.Outputs = outs
	return b.t.Define(s)
}

// shown is how an action names a file for people: as it lies in the tree.
func (b *builder) shown(file string) string { return strings.TrimPrefix(file, b.u.Root+"/") }

// depend asks ocamldep about all modules: once for the sources, together with
// those of the directory's other units, and once in the output root for the
// generated ones, if there are any.
func (b *builder) depend() error {
	var plain, made []*string
	names := map[*string]*[]string{}
	rewritten := map[*string][]string{} // with these flags of a module's own
	for _, m := range b.src.modules {
		for _, f := range []struct {
			file  *string
			names *[]string
		}{{&m.impl, &m.implNames}, {&m.intf, &m.intfNames}} {
			if *f.file == "" || m.aliases != nil {
				continue
			}
			names[f.file] = f.names
			if len(m.flags) > 0 {
				rewritten[f.file] = preprocessing(m.flags)
			}
			if action.IsOutput(*f.file) {
				made = append(made, f.file)
			} else {
				plain = append(plain, f.file)
			}
		}
	}
	if len(b.u.Modules) > 0 {
		return b.dependBatches(plain, made, names, rewritten)
	}
	where := path.Join(b.u.Dir, b.u.Name)
	if spec, ok := b.dependDirectory(plain); ok {
		if err := b.ask(spec, b.u.Directory, plain, names); err != nil {
			return err
		}
	} else if len(plain) > 0 {
		spec := b.dependSpec("ocamldep "+where, "", path.Join(b.at.objects, "ocamldep"), deref(plain))
		if err := b.ask(spec, deref(plain), plain, names); err != nil {
			return err
		}
	}
	if len(made) == 0 {
		return nil
	}
	spec := b.dependSpec("ocamldep "+where+" (generated)", b.u.Root, path.Join(b.at.objects, "ocamldep.made"), deref(made))
	return b.ask(spec, deref(made), made, names)
}

// batch is how many files one process is asked about. A change of one has all
// of them read again; each process costs about as much as reading ten.
const batch = 24

// dependBatches asks about modules that were said one by one: there may be
// very many in one unit. Those that compilers have rewritten in the same way are
// asked about together.
func (b *builder) dependBatches(plain, made []*string, names map[*string]*[]string, rewritten map[*string][]string) error {
	type question struct {
		spec  action.Spec
		files []*string
	}
	var questions []question
	var answers []string
	for _, kind := range []struct {
		files  []*string
		dir    string
		suffix string
	}{{plain, "", ""}, {made, b.u.Root, ".made"}} {
		for i, part := range batches(kind.files, rewritten) {
			files := deref(part)
			name := "ocamldep " + b.shown(files[0])
			if len(files) > 1 {
				name += fmt.Sprintf(" +%d", len(files)-1)
			}
			spec := b.dependSpec(name, kind.dir, fmt.Sprintf("%s/ocamldep%s.%d", b.at.objects, kind.suffix, i), files, rewritten[part[0]]...)
			if err := b.t.Define(spec); err != nil {
				return err
			}
			questions = append(questions, question{spec, part})
			answers = append(answers, spec.Stdout)
		}
	}
	if err := b.t.Demand(answers...); err != nil { // all at once
		return err
	}
	for _, q := range questions {
		if err := b.ask(q.spec, deref(q.files), q.files, names); err != nil {
			return err
		}
	}
	return nil
}

// batches divides files into those that one process is asked about.
func batches(files []*string, rewritten map[*string][]string) [][]*string {
	var groups [][]*string
	at := map[string]int{}
	for _, f := range files {
		k := strings.Join(rewritten[f], "\x00")
		i, ok := at[k]
		if !ok {
			i = len(groups)
			at[k], groups = i, append(groups, nil)
		}
		groups[i] = append(groups[i], f)
	}
	var all [][]*string
	for _, g := range groups {
		all = slices.AppendSeq(all, slices.Chunk(g, batch))
	}
	return all
}

func deref(files []*string) []string {
	out := make([]string, len(files))
	for i, f := range files {
		out[i] = *f
	}
	return out
}

// resolve fills in what the unit's modules mention, and those of the library
// that it implements: they mention each other by their own short names.
func (b *builder) resolve() error {
	if err := resolve(b.u.Target, b.src.modules, b.visibleInside()); err != nil || b.vlib == nil {
		return err
	}
	var inside []*module
	for _, v := range b.vlib.src.modules {
		i := slices.IndexFunc(b.src.modules, func(m *module) bool { return m.implements == v })
		if i < 0 {
			inside = append(inside, v)
			continue
		}
		inside = append(inside, b.src.modules[i])
		b.src.modules[i].intfNames = v.intfNames
	}
	if err := resolve(b.u.Target, b.foreignModules(), inside); err != nil {
		return err
	}
	for _, m := range b.src.modules {
		if v := m.implements; v != nil {
			if err := resolve(b.u.Target, []*module{v}, inside); err != nil {
				return err
			}
			m.intfDeps = slices.DeleteFunc(v.intfDeps, func(d *module) bool { return d == m })
		}
	}
	return nil
}

// ask defines a run of ocamldep over files, demands its answer, and takes from
// it what is said of the unit's own.
func (b *builder) ask(spec action.Spec, files []string, own []*string, names map[*string]*[]string) error {
	if err := b.t.Define(spec); err != nil {
		return err
	}
	c, err := b.t.Content(spec.Stdout)
	if err != nil {
		return err
	}
	if !c.Known {
		b.waits = append(b.waits, spec.Name)
		return nil
	}
	answer, err := parseDepend(c.Bytes, spec.Dir, files)
	if err != nil {
		return fmt.Errorf("%s: %w", spec.Name, err)
	}
	byFile := make(map[string][]string, len(files))
	for i, f := range files {
		byFile[f] = answer[i]
	}
	for _, f := range own {
		*names[f] = byFile[*f]
	}
	return nil
}

// dependDirectory is the one run of ocamldep for the units of a directory. It
// is the same action whichever of them defines it, so nothing in it may be
// the unit's own.
func (b *builder) dependDirectory(plain []*string) (action.Spec, bool) {
	if len(plain) == 0 || len(preprocessing(b.u.Flags)) > 0 {
		return action.Spec{}, false
	}
	for _, f := range plain {
		if !slices.Contains(b.u.Directory, *f) {
			return action.Spec{}, false
		}
	}
	name := "ocamldep " + path.Join(b.u.Dir, ".")
	s := b.dependSpec(name, "", path.Join(b.u.Root, b.u.Dir, ".ocamldep"), b.u.Directory)
	s.Target = DirectoryTarget(b.u.Context, b.u.Dir)
	s.Inputs, s.Unknown = b.u.Directory, nil
	return s, true
}

// DirectoryTarget is what actions that serve all units of a directory say
// that they belong to.
func DirectoryTarget(context, dir string) string { return context + "//" + dir + ":ocamldep" }

func (b *builder) dependSpec(name, dir, out string, files []string, rewriting ...string) action.Spec {
	from, argv := b.depender()
	s := b.specOf(from, name)
	s.Unknown = nil
	before := slices.Concat(preprocessing(b.u.Flags), rewriting)
	if len(before) > 0 {
		s.Unknown = b.u.Unknown
	}
	s.Argv = append(append(argv, "-modules"), before...)
	for _, f := range files {
		flag := "-impl"
		if path.Ext(f) == ".mli" {
			flag = "-intf"
		}
		s.Argv = append(s.Argv, flag, action.Ref(f))
	}
	s.Dir = dir
	s.Inputs = slices.Concat(files, b.u.Inputs)
	s.Outputs = []string{out}
	s.Stdout = out
	return s
}

// preprocessing returns the flags that change what a source says.
func preprocessing(flags []string) []string {
	var out []string
	for i, f := range flags {
		if (f == "-pp" || f == "-ppx") && i+1 < len(flags) {
			out = append(out, f, flags[i+1])
		}
	}
	return out
}

// opened returns the modules that flags open: all sources mention them.
func opened(flags []string) []string {
	var names []string
	for i, f := range flags {
		if f == "-open" && i+1 < len(flags) {
			name, _, _ := strings.Cut(flags[i+1], ".")
			names = append(names, name)
		}
	}
	return names
}

// librariesNamed returns a function that tells which libraries a list of
// names leads to.
func (b *builder) librariesNamed() func(names []string) set {
	place := map[*Library]int{}
	closure := make([]set, len(b.visible))
	byName := map[string]set{}
	for i, l := range b.visible {
		place[l] = i
		closure[i].add(i)
		for _, d := range l.Deps {
			if j, ok := place[d]; ok {
				closure[i].addAll(closure[j])
			}
		}
		for _, name := range l.Provides {
			s := byName[name]
			s.addAll(closure[i])
			byName[name] = s
		}
	}
	var always set
	for _, name := range opened(b.u.Flags) {
		always.addAll(byName[name])
	}
	return func(names []string) set {
		var s set
		s.addAll(always)
		for _, n := range names {
			s.addAll(byName[n])
			for i := 1; i+2 <= len(n); i++ { // Lib__Mod: a wrapped module by the name of its unit
				if n[i:i+2] == "__" {
					s.addAll(byName[n[:i]])
				}
			}
		}
		return s
	}
}
