package tree

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// DuneProgram is what a Dune project's main program is called, below the
// directory that a tool builds in.
const DuneProgram = "main/main.exe"

// Contexts are those of a Dune project that is built more than once.
var Contexts = []string{"one", "two", "three"}

const duneBuild = "_build"

// PlantDune writes an OCaml project: so many modules in libraries, each of which
// uses up to three of the eight before it, and a program. Half of the modules
// have an interface file. With contexts, there are three that are equal.
func PlantDune(dir string, libraries, modules int, contexts bool) (Tree, error) {
	t := Tree{Dir: dir}
	per := max(modules/libraries, 1)
	var all, sum []string
	errs := []error{t.Write("dune-project", "(lang dune 2.9)\n")}
	for l := range libraries {
		name := duneLibrary(l)
		var uses []string
		for k := range min(l, 3) {
			uses = append(uses, duneLibrary(max(0, l-8)+(l*5+k*3)%min(l, 8)))
		}
		errs = append(errs, t.Write(name+"/dune", fmt.Sprintf("(library (name %s) (libraries %s))\n", name, strings.Join(distinct(uses), " "))))
		for m := range per {
			errs = append(errs, t.Write(DuneModule(l, m), duneCode(m, per, uses)))
			if m%2 == 0 {
				errs = append(errs, t.Write(DuneModule(l, m)+"i", duneInterface()))
			}
		}
		all = append(all, name)
		sum = append(sum, fmt.Sprintf("%s.M%02d.total 1", strings.ToUpper(name[:1])+name[1:], per-1))
	}
	errs = append(errs, t.Write("main/dune", fmt.Sprintf("(executable (name main) (libraries %s))\n", strings.Join(all, " "))),
		t.Write("main/main.ml", "let () = print_int ("+strings.Join(sum, " + ")+")\n"))
	if contexts {
		errs = append(errs, t.Write("erg.hcl", duneContexts(append(all, "main"))))
	}
	return t, errors.Join(errs...)
}

func duneLibrary(l int) string { return fmt.Sprintf("lib%02d", l) }

// DuneModule names the source of a module of a library.
func DuneModule(l, m int) string { return fmt.Sprintf("%s/m%02d.ml", duneLibrary(l), m) }

// functions is how many a module has: as many as make it take a compiler about
// as long as a module of a usual project.
const functions = 12

// duneCode mentions up to three modules of its library, and one of each of the
// first two libraries that this one uses.
func duneCode(m, per int, uses []string) string {
	var b strings.Builder
	b.WriteString("type t = { id : int; name : string; next : t option }\n" +
		"let rec make id name = { id; name; next = if id > 3 then Some (make (id / 2) name) else None }\n")
	for k := range functions {
		fmt.Fprintf(&b, "let f%d (x : t) y = match x.next with None -> List.map (fun z -> z + %d + x.id) y\n"+
			"  | Some n -> List.filter (fun z -> z > %d * n.id) (List.map String.length (String.split_on_char 'a' x.name))\n", k, k, k)
	}
	// Nothing is asked for the total of nothing: otherwise the program would take
	// time in proportion to the ways through the graph, which are without number.
	b.WriteString("let total (x : int) = x + (if x = 0 then 0 else 0")
	for k := range min(m, 3) {
		fmt.Fprintf(&b, " + M%02d.total (x / 7)", max(0, m-1-3*k))
	}
	for k, u := range distinct(uses) {
		if k < 2 {
			fmt.Fprintf(&b, " + %s.M%02d.total (x / 7)", strings.ToUpper(u[:1])+u[1:], (m*7+k)%per)
		}
	}
	b.WriteString(")\n")
	return b.String()
}

func duneInterface() string {
	var b strings.Builder
	b.WriteString("type t\nval make : int -> string -> t\nval total : int -> int\n")
	for k := range functions {
		fmt.Fprintf(&b, "val f%d : t -> int list -> int list\n", k)
	}
	return b.String()
}

// duneContexts is an erg.hcl with contexts that do the same.
func duneContexts(dirs []string) string {
	var b strings.Builder
	b.WriteString("toolchain \"ocaml\" \"system\" {}\ntoolchain \"cc\" \"system\" {}\n")
	for _, c := range Contexts {
		fmt.Fprintf(&b, "context %q {\n  dirs       = [\"%s\"]\n  toolchains = [toolchain.ocaml.system, toolchain.cc.system]\n}\n", c, strings.Join(dirs, `", "`))
	}
	return b.String()
}

func distinct(list []string) []string {
	var out []string
	seen := map[string]bool{}
	for _, s := range list {
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}

// CleanDune removes what was built of a Dune project, and erg's store.
func (t Tree) CleanDune() error {
	return errors.Join(os.RemoveAll(t.Path(duneBuild)), os.RemoveAll(t.Path(storeName)))
}

// DuneOutput returns the path of a file that a context has.
func (t Tree) DuneOutput(context, name string) string {
	return t.Path(duneBuild + "/" + context + "/" + name)
}
