package dune

// An OpamFile is what dune needs to know of a NAME.opam file.
type OpamFile struct {
	Name     string // of the file
	Version  Text
	Synopsis Text
	Depends  []PackageDep
	Depopts  []PackageDep
	Info     PackageInfo
	Tags     []string
}
