package dune

import (
	"strings"

	"github.com/hashicorp/hcl/v2"

	"erg.build/erg/contexts/dune/sexp"
)

// A Project is what a dune-project file says, with what its version of the
// language says of all that it leaves out.
type Project struct {
	Name      Text    // not given: that of the first package by name
	Version   Text    // of the packages
	Lang      Version // of the language
	LangRange hcl.Range
	Using     map[string]Version // extensions
	Packages  []*Package
	Info      PackageInfo // inherited by packages, where it is merged already

	ImplicitTransitiveDeps       TransitiveDeps
	WrappedExecutables           bool
	ExecutablesImplicitEmptyIntf bool
	AcceptAlternativeDuneFile    bool // dune-file, beside dune
	ExpandAliasesInSandbox       bool
	StrictPackageDeps            bool
	MapWorkspaceRoot             bool
	Cram                         bool
	GenerateOpamFiles            bool
	OpamFilesInDirectory         bool // (opam_file_location inside_opam_directory)
	UseStandardCFlags            *bool
	ExplicitJsMode               bool
	Subst                        *bool
	Dialects                     []Dialect
	Formatting                   Formatting
}

// TransitiveDeps says whether modules see libraries that they do not name.
type TransitiveDeps uint8

// The values of implicit_transitive_deps.
const (
	TransitiveYes             TransitiveDeps = iota
	TransitiveNo                             // hidden includes (-H), where lang ≥ 3.17 and the compiler has them
	TransitiveNoIfHiddenKnown                // no where the compiler has hidden includes, else yes
)

// Formatting says which files (formatting …) is for; it is nothing to a build.
type Formatting struct {
	Disabled   bool
	EnabledFor []string // nil: all
}

// A Dialect is (dialect …): another syntax for modules.
type Dialect struct {
	Name           Text
	Implementation DialectFile
	Interface      DialectFile
	Range          hcl.Range
}

// A DialectFile says of one extension how it is read.
type DialectFile struct {
	Extension    string // without the dot
	Preprocess   *Action
	Format       *Action
	MerlinReader []string
}

// A Package is (package …), or a NAME.opam file.
type Package struct {
	Name        Text
	Version     Text
	Synopsis    string
	Description string
	Depends     []PackageDep
	Conflicts   []PackageDep
	Depopts     []PackageDep
	Tags        []string
	Deprecated  []Text // deprecated_package_names
	Sites       []Site
	AllowEmpty  bool
	Dir         Text // exclusive directory
	EnabledIf   Bool
	Info        PackageInfo
	Range       hcl.Range
}

// PackageInfo is what a project may say for all its packages.
type PackageInfo struct {
	Source            Source
	Authors           []string
	Maintainers       []string
	License           []string
	Homepage          string
	Documentation     string
	BugReports        string
	MaintenanceIntent []string
}

// Source is where the sources of a project are: Host is "github", "gitlab", …,
// and Path its path there, or Host is "uri" and Path is one.
type Source struct{ Host, Path string }

// A PackageDep is a package, and a constraint on it.
type PackageDep struct {
	Name       Text
	Constraint *Constraint // nil: none
}

// A Constraint is a formula of versions and variables. Op is "and", "or", "not";
// a relation ("=", ">=", …) whose Left is "" for the package's version; or
// "" for the variable or the literal Right alone.
type Constraint struct {
	Op          string
	Args        []Constraint
	Left, Right string // ":name" is a variable
}

// A Site is a directory of a package that others install into.
type Site struct{ Section, Name Text }

// Find returns a package by name, or nil.
func (p *Project) Find(name string) *Package {
	for _, pkg := range p.Packages {
		if pkg.Name.Value == name {
			return pkg
		}
	}
	return nil
}

// ReadProject reads a dune-project file. Packages of *.opam files are added
// with AddOpamFiles.
func ReadProject(filename string, src []byte) (*Project, hcl.Diagnostics) {
	r := &reader{}
	p := &Project{Lang: Latest}
	rest, rng, ok := r.langLine(filename, r.parse(filename, src))
	if !ok {
		if len(r.diags) > 1 { // the first says what is wrong: the file has not been read
			r.diags = r.diags[:1]
		}
		p.defaults()
		return p, causes(r.diags)
	}
	p.Lang, p.LangRange = r.lang, rng
	p.defaults()
	f := r.fields("a dune-project file", rng, rest)
	f.extensions()
	p.Using = r.using
	f.project(p)
	f.end()
	return p, causes(r.diags)
}

// DefaultProject is that of a tree without a dune-project file.
func DefaultProject() *Project {
	p := &Project{Lang: Latest}
	p.defaults()
	p.AcceptAlternativeDuneFile = false
	return p
}

// defaults says what the version of the language says.
func (p *Project) defaults() {
	p.WrappedExecutables = p.Lang.AtLeast(2, 0)
	p.ExecutablesImplicitEmptyIntf = p.Lang.AtLeast(3, 0)
	p.MapWorkspaceRoot = p.Lang.AtLeast(3, 0)
	p.Cram = p.Lang.AtLeast(3, 0)
	p.ExplicitJsMode = p.Lang.AtLeast(2, 0)
	if p.Lang.AtLeast(3, 0) {
		yes := true
		p.UseStandardCFlags = &yes
	}
}

// project reads what may stand in a dune-project file after its first line.
func (f *fields) project(p *Project) {
	p.Name = f.get("name").text()
	if p.Name.Given() && (p.Name.Value == "" || strings.ContainsAny(p.Name.Value, "./")) {
		f.r.errorf(p.Name.Range, summaryName, "%q is no name of a project: it may have neither . nor /.", p.Name)
	}
	p.Version = f.get("version").text()
	p.Info = f.info(nil)
	for _, a := range f.all("package") {
		p.addPackage(f.r, a.packageField(p))
	}
	if len(p.Packages) == 1 && p.Name.Given() {
		if name := p.Packages[0].Name; name.Given() && name.Value != p.Name.Value {
			f.r.errorf(name.Range, "Two names", "The only package of a project must have its name, %q.", p.Name)
		}
	}
	p.ImplicitTransitiveDeps = f.get("implicit_transitive_deps", since(1, 7)).transitiveDeps()
	p.WrappedExecutables = f.get("wrapped_executables", since(1, 11)).flagOr(p.WrappedExecutables)
	p.MapWorkspaceRoot = f.get("map_workspace_root", since(3, 7)).flagOr(p.MapWorkspaceRoot)
	p.ExecutablesImplicitEmptyIntf = f.get("executables_implicit_empty_intf", since(2, 9)).flagOr(p.ExecutablesImplicitEmptyIntf)
	p.AcceptAlternativeDuneFile = f.get("accept_alternative_dune_file_name", since(3, 0)).flag()
	p.GenerateOpamFiles = f.get("generate_opam_files", since(1, 10)).flag()
	p.ExplicitJsMode = f.get("explicit_js_mode", since(1, 11)).flagOr(p.ExplicitJsMode)
	p.StrictPackageDeps = f.get("strict_package_deps", since(2, 3)).flag()
	p.ExpandAliasesInSandbox = f.get("expand_aliases_in_sandbox", since(3, 0)).flag()
	p.OpamFilesInDirectory = f.get("opam_file_location", since(3, 8)).word("relative_to_project", "inside_opam_directory") == "inside_opam_directory"
	if a := f.get("use_standard_c_and_cxx_flags", since(2, 8)); a != nil {
		value := a.flag()
		p.UseStandardCFlags = &value
	}
	if a := f.get("cram", since(2, 7)); a != nil {
		p.Cram = a.word("enable", "disable") == "enable"
	}
	if a := f.get("subst", since(3, 0)); a != nil {
		value := a.word("enabled", "disabled") == "enabled"
		p.Subst = &value
	}
	for _, a := range f.all("dialect", since(1, 11)) {
		p.Dialects = append(p.Dialects, a.dialect())
	}
	p.Formatting = f.get("formatting", since(2, 0)).formatting()
	f.get("warnings", since(3, 11))
	f.get("allow_approximate_merlin", since(1, 9))
	f.all("pin", since(3, 15))
	if a := f.get("pkg"); a != nil {
		f.r.errorf(a.at(), "Not here", "(pkg …) may stand in dune-workspace only.")
	}
}

func (a *field) transitiveDeps() TransitiveDeps {
	n := a.one()
	if n == nil {
		return TransitiveYes
	}
	const hidden = "false-if-hidden-includes-supported"
	switch a.r.word(n, "true", "false", hidden) {
	case "false":
		return TransitiveNo
	case hidden:
		since(3, 20)(a.r, "'"+hidden+"'", n.Range)
		return TransitiveNoIfHiddenKnown
	}
	return TransitiveYes
}

// formatting reads (formatting disabled) or (formatting (enabled_for LANGUAGE…)).
func (a *field) formatting() Formatting {
	if a == nil {
		return Formatting{}
	}
	if len(a.args) == 1 && a.args[0].Kind != sexp.List {
		return Formatting{Disabled: a.word("disabled") == "disabled"}
	}
	f := a.fields()
	defer f.end()
	return Formatting{EnabledFor: f.get("enabled_for").strings()}
}

// dialect reads (dialect …).
func (a *field) dialect() Dialect {
	f := a.fields()
	d := Dialect{Name: f.need("name").text(), Range: a.at()}
	for _, kind := range []struct {
		name string
		file *DialectFile
	}{{"implementation", &d.Implementation}, {"interface", &d.Interface}} {
		g := f.get(kind.name)
		if g == nil {
			if !a.r.lang.AtLeast(3, 9) {
				since(3, 9)(a.r, "A dialect without "+kind.name, a.at())
			}
			continue
		}
		h := g.fields()
		ext := h.need("extension").text()
		if strings.Contains(ext.Value, ".") {
			since(3, 9)(a.r, "A dot in an extension", ext.Range)
		}
		kind.file.Extension = ext.Value
		kind.file.Preprocess = h.get("preprocess").action()
		if x := h.get("format"); x != nil && len(x.args) == 1 && x.args[0].Kind == sexp.List {
			kind.file.Format = x.action()
		}
		h.get("print_ast").action()
		kind.file.MerlinReader = h.get("merlin_reader", since(3, 16)).strings()
		h.end()
	}
	f.end()
	return d
}

// addPackage adds a package with a new name.
func (p *Project) addPackage(r *reader, pkg *Package) {
	if old := p.Find(pkg.Name.Value); old != nil && pkg.Name.Given() {
		r.errorf(pkg.Name.Range, "Package given twice", "The package %s is there already, in line %d.", pkg.Name, old.Range.Start.Line)
		return
	}
	p.Packages = append(p.Packages, pkg)
}
