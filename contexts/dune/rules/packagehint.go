package rules

import (
	"fmt"
	"strings"
)

// A packageOf says which packages of opam and of Debian have a library, where
// its name does not.
type packageOf struct{ opam, debian string }

// packagesOf are the exceptions: findlib packages whose packages elsewhere are
// called something else than convention has it.
var packagesOf = map[string]packageOf{
	"ANSITerminal":            {"ANSITerminal", "libansi-terminal-ocaml-dev"},
	"bz2":                     {"camlbz2", "libbz2-ocaml-dev"},
	"cairo":                   {"cairo2", "libcairo2-ocaml-dev"},
	"cstruct-lwt":             {"cstruct-lwt", "libcstruct-ocaml-dev"},
	"cstruct-sexp":            {"cstruct-sexp", "libcstruct-ocaml-dev"},
	"cstruct-unix":            {"cstruct-unix", "libcstruct-ocaml-dev"},
	"ctypes-foreign":          {"ctypes-foreign", "libctypes-ocaml-dev"},
	"curl":                    {"ocurl", "libcurl-ocaml-dev"},
	"dune-build-info":         {"dune-build-info", "libdune-ocaml-dev"},
	"dune-configurator":       {"dune-configurator", "libdune-ocaml-dev"},
	"dune-glob":               {"dune-glob", "libdune-ocaml-dev"},
	"dune-private-libs":       {"dune-private-libs", "libdune-ocaml-dev"},
	"dune-site":               {"dune-site", "libdune-ocaml-dev"},
	"findlib":                 {"ocamlfind", "libfindlib-ocaml-dev"},
	"gsl":                     {"gsl", "libocamlgsl-ocaml-dev"},
	"js_of_ocaml":             {"js_of_ocaml", "libjs-of-ocaml-dev"},
	"js_of_ocaml-lwt":         {"js_of_ocaml-lwt", "libjs-of-ocaml-dev"},
	"js_of_ocaml-ppx":         {"js_of_ocaml-ppx", "libjs-of-ocaml-dev"},
	"lwt_ppx":                 {"lwt_ppx", "liblwt-ocaml-dev"},
	"lwt_react":               {"lwt_react", "liblwt-ocaml-dev"},
	"menhirLib":               {"menhir", "libmenhir-ocaml-dev"},
	"menhirSdk":               {"menhir", "libmenhir-ocaml-dev"},
	"netclient":               {"ocamlnet", "libocamlnet-ocaml-dev"},
	"netstring":               {"ocamlnet", "libocamlnet-ocaml-dev"},
	"netsys":                  {"ocamlnet", "libocamlnet-ocaml-dev"},
	"oUnit":                   {"ounit2", "libounit-ocaml-dev"},
	"ounit":                   {"ounit2", "libounit-ocaml-dev"},
	"ounit2":                  {"ounit2", "libounit-ocaml-dev"},
	"ppx_cstruct":             {"ppx_cstruct", "libcstruct-ocaml-dev"},
	"uri-sexp":                {"uri-sexp", "liburi-ocaml-dev"},
	"zip":                     {"camlzip", "libzip-ocaml-dev"},
	"ocaml-migrate-parsetree": {"ocaml-migrate-parsetree", "libmigrate-parsetree-ocaml-dev"},
}

// whereToGet says in which packages a library may be: opam's are called as
// what comes before the first dot, Debian's lib…-ocaml-dev.
func whereToGet(library string) string {
	name, _, _ := strings.Cut(library, ".")
	p, ok := packagesOf[name]
	if !ok {
		p = packageOf{name, "lib" + strings.TrimPrefix(strings.ToLower(strings.ReplaceAll(name, "_", "-")), "lib") + "-ocaml-dev"}
	}
	return fmt.Sprintf("It may be in a package that is not installed: opam install %s, or on Debian apt-get install %s.", p.opam, p.debian)
}
