package dune

import "github.com/hashicorp/hcl/v2"

// A Project is what a dune-project file says, with what its version of the
// language says of all that it leaves out.
type Project struct {
	Name      Text
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
