package ocaml

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode"
)

// exeWrapper is the alias module of executables.
const exeWrapper = "Erg__exe"

// wrap names the compilation units of the builder's modules, and adds what
// wrapping needs: the alias module, and modules of the same name outside.
// wrapper is the module that users of a library name.
func (b *builder) wrap(wrapper string) error {
	if err := b.group(wrapper); err != nil {
		return err
	}
	modules := b.src.modules
	b.wrapper = wrapper
	for _, m := range modules {
		m.at = b.at
	}
	if b.u.Wrapping == Unwrapped {
		for _, m := range modules {
			m.unit = uncapitalize(m.name)
		}
		b.wrapGroups("")
		return nil
	}
	prefix, alias := wrapper, wrapper
	if b.vlib != nil {
		// Their own modules beside the virtual one's are theirs alone, so that
		// two implementations do not meet: Vlib__impl____A.
		prefix = b.vlib.wrapper + "__" + uncapitalize(wrapperOf(b.u.Name))
		alias = prefix + "__"
		if !b.u.ShortPrefix {
			prefix = alias
		}
	}
	others := 0
	for _, m := range modules {
		switch {
		case m.implements != nil:
			m.unit = m.implements.unit
		case !m.top():
		case m.name == wrapper && !b.exe:
			m.unit = uncapitalize(wrapper)
			alias = wrapper + "__"
			continue
		default:
			m.unit = uncapitalize(prefix) + "__" + m.name
		}
		others++
	}
	named := others > 0 || len(modules) == 0 && b.u.Exact && b.vlib == nil // dune has a module of no names, too
	if !named || b.exe && len(modules) == 1 {
		return nil
	}
	b.alias = &module{name: alias, unit: uncapitalize(alias), gen: true, at: b.at}
	b.wrapGroups(prefix)
	if b.u.Wrapping == Transitional {
		b.compatible()
	}
	return nil
}

// compatible adds, for each module that is not private, one of its own name.
func (b *builder) compatible() {
	for _, m := range b.src.modules {
		if m.private || !m.top() || m.name == b.wrapper || !m.compiled() {
			continue
		}
		b.src.compat = append(b.src.compat, &module{
			name: m.name, unit: uncapitalize(m.name), compat: m, at: b.at,
			impl:     path.Join(b.u.Root, b.u.Dir, ".wrapped_compat", m.name+".ml-gen"),
			text:     fmt.Sprintf("[@@@deprecated \"%s. Use %s.%s instead.\"] include %s", b.u.Deprecation, b.wrapper, m.name, capitalize(m.unit)),
			implDeps: []*module{m},
		})
	}
}

// aliases returns the text of the alias module.
func (b *builder) aliases() string {
	main := b.wrapper
	var blocks []string
	if b.vlib != nil {
		main = b.vlib.wrapper
	}
	for _, m := range b.shownInside() {
		if m.known() == b.wrapper && m.unit == uncapitalize(b.wrapper) {
			continue
		}
		blocks = append(blocks, aliasOf([]string{main, m.known()}, m))
	}
	if b.u.Shadow && b.vlib == nil && b.alias.name != b.wrapper {
		blocks = append(blocks, fmt.Sprintf("module %s = struct end\n[@@deprecated \"this module is shadowed\"]\n", b.alias.name))
	}
	return b.aliasText(blocks)
}

// aliasesOf returns the text of the alias module of a group.
func (b *builder) aliasesOf(g *group) string {
	var main []string
	if b.u.Wrapping != Unwrapped {
		main = []string{b.wrapper}
		if b.vlib != nil {
			main[0] = b.vlib.wrapper
		}
	}
	var blocks []string
	for _, m := range g.shown() {
		blocks = append(blocks, aliasOf(slices.Concat(main, g.path, []string{m.known()}), m))
	}
	return b.aliasText(blocks)
}

// aliasOf is the alias for a module. The comment tells documentation and messages
// how people call it.
func aliasOf(canonical []string, m *module) string {
	return fmt.Sprintf("(** @canonical %s *)\nmodule %s = %s\n", strings.Join(canonical, "."), m.known(), capitalize(m.unit))
}

func (b *builder) aliasText(blocks []string) string {
	if b.u.Heading != "" {
		return b.u.Heading + "\n\n" + strings.Join(blocks, "\n")
	}
	return strings.Join(blocks, "\n\n")
}

// wrapperOf is the main module of a library: its name, made fit.
func wrapperOf(library string) string {
	fit := strings.Map(func(r rune) rune {
		if r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return '_'
	}, library)
	return capitalize(fit)
}
