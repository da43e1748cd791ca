// Package describe prints what dune files declare, for "erg describe".
package describe

import (
	"encoding/json"
	"io"

	"erg.build/erg/contexts/dune/rules"
	"erg.build/erg/engine"
)

// A Workspace is what there is to print.
type Workspace struct {
	Root     string
	Contexts []*rules.Description
	Deferred []engine.DeferredGroup // what only a build can tell
}

type (
	jsonWorkspace struct {
		Root     string        `json:"root"`
		Contexts []jsonContext `json:"contexts"`
		Deferred []jsonGroup   `json:"deferred"`
	}
	jsonContext struct {
		Context     string            `json:"context"`
		BuildDir    string            `json:"build_dir"`
		OCaml       string            `json:"ocaml,omitempty"`
		Stdlib      string            `json:"stdlib,omitempty"`
		Packages    []jsonPackage     `json:"packages"`
		Libraries   []jsonLibrary     `json:"libraries"`
		Executables []jsonExecutables `json:"executables"`
		Tests       []jsonTest        `json:"tests"`
		Installed   []jsonInstalled   `json:"installed"`
	}
	jsonPackage struct {
		Name     string `json:"name"`
		Version  string `json:"version,omitempty"`
		Dir      string `json:"dir"`
		Synopsis string `json:"synopsis,omitempty"`
	}
	jsonUnit struct {
		Dir         string       `json:"dir"`
		Site        string       `json:"site"`
		Requires    []string     `json:"requires"`
		Ppx         []string     `json:"ppx,omitempty"`
		Modules     []jsonModule `json:"modules"`
		Unavailable string       `json:"unavailable,omitempty"`
	}
	jsonLibrary struct {
		Address    string `json:"address"`
		Name       string `json:"name"`
		LocalName  string `json:"local_name"`
		Package    string `json:"package,omitempty"`
		Kind       string `json:"kind"`
		MainModule string `json:"main_module,omitempty"`
		Implements string `json:"implements,omitempty"`
		Virtual    bool   `json:"virtual,omitempty"`
		jsonUnit
		IncludeDir string            `json:"include_dir,omitempty"`
		Archives   map[string]string `json:"archives,omitempty"`
	}
	jsonExecutables struct {
		Programs []jsonProgram `json:"programs"`
		jsonUnit
	}
	jsonProgram struct {
		Address    string   `json:"address"`
		Name       string   `json:"name"`
		PublicName string   `json:"public_name,omitempty"`
		Paths      []string `json:"paths,omitempty"`
	}
	jsonModule struct {
		Name    string   `json:"name"`
		Unit    string   `json:"unit"`
		Impl    string   `json:"impl,omitempty"`
		Intf    string   `json:"intf,omitempty"`
		Cmi     string   `json:"cmi"`
		Objects []string `json:"objects,omitempty"`
		Trees   []string `json:"typed_trees,omitempty"`
		Private bool     `json:"private,omitempty"`
		Virtual bool     `json:"virtual,omitempty"`
	}
	jsonTest struct {
		Address string `json:"address"`
		Site    string `json:"site"`
	}
	jsonInstalled struct {
		Name     string   `json:"name"`
		Dir      string   `json:"dir"`
		Requires []string `json:"requires"`
		Standard bool     `json:"standard,omitempty"`
	}
	jsonGroup struct {
		Context string   `json:"context"`
		What    string   `json:"what"`
		Waits   []string `json:"waits_for"`
	}
)

// JSON prints all as one object.
func (d Workspace) JSON(w io.Writer) error {
	out := jsonWorkspace{Root: d.Root, Contexts: []jsonContext{}, Deferred: []jsonGroup{}}
	for _, c := range d.Contexts {
		out.Contexts = append(out.Contexts, contextOf(c))
	}
	for _, g := range d.Deferred {
		out.Deferred = append(out.Deferred, jsonGroup(g))
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(out)
}

// some is a list that prints as one when it is empty.
func some[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// dirOf names the top directory, too.
func dirOf(p string) string {
	if p == "" {
		return "."
	}
	return p
}

func contextOf(c *rules.Description) jsonContext {
	out := jsonContext{Context: c.Context.String(), BuildDir: c.Dir, OCaml: c.OCaml, Stdlib: c.Standard,
		Packages: []jsonPackage{}, Libraries: []jsonLibrary{}, Executables: []jsonExecutables{}, Tests: []jsonTest{}, Installed: []jsonInstalled{}}
	for _, p := range c.Packages {
		out.Packages = append(out.Packages, jsonPackage{p.Name, p.Version, dirOf(p.Dir), p.Synopsis})
	}
	for _, l := range c.Libraries {
		out.Libraries = append(out.Libraries, jsonLibrary{Address: l.Address.String(), Name: l.Name, LocalName: l.LocalName, Package: l.Package,
			Kind: l.Kind, MainModule: l.Main, Implements: l.Implements, Virtual: l.Virtual, IncludeDir: l.Search, Archives: l.Archives, jsonUnit: unitOf(l.DescribedUnit)})
	}
	for _, e := range c.Executables {
		x := jsonExecutables{jsonUnit: unitOf(e.DescribedUnit)}
		for _, p := range e.Programs {
			x.Programs = append(x.Programs, jsonProgram{p.Address.String(), p.Name, p.Public, p.Paths})
		}
		out.Executables = append(out.Executables, x)
	}
	for _, t := range c.Tests {
		out.Tests = append(out.Tests, jsonTest{t.Address.String(), t.Site})
	}
	for _, l := range c.Installed {
		out.Installed = append(out.Installed, jsonInstalled{l.Name, l.Dir, some(l.Requires), l.Standard})
	}
	return out
}

func unitOf(u rules.DescribedUnit) jsonUnit {
	out := jsonUnit{Dir: dirOf(u.Dir), Site: u.Site, Requires: some(u.Requires), Ppx: u.Ppx, Modules: []jsonModule{}, Unavailable: u.Unavailable}
	for _, m := range u.Modules {
		out.Modules = append(out.Modules, jsonModule{m.Name, m.Unit, m.Impl, m.Intf, m.Interface, m.Objects, m.Trees, m.Private, m.Virtual})
	}
	return out
}
