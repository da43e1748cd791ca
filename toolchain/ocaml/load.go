package ocaml

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"erg.build/erg/engine"
	"erg.build/erg/engine/action"
	"erg.build/erg/engine/digest"
	"erg.build/erg/toolchain"
	"erg.build/erg/toolchain/cc"
)

var loads = engine.Query[string, *Toolchain]{Kind: "OCaml toolchain"}

func init() { loads.Fn = load }

// Load finds and probes the toolchain that cfg declares. Equal declarations
// are loaded once. Errors are *toolchain.MissingError,
// *toolchain.ProbeError or *toolchain.TargetError where they are the
// user's or the machine's.
func Load(t *engine.Task, cfg toolchain.Config) (*Toolchain, error) {
	return loads.Get(t, cfg.Encode())
}

func load(t *engine.Task, key string) (*Toolchain, error) {
	cfg, err := toolchain.Decode(key)
	if err != nil {
		return nil, err
	}
	tc := &Toolchain{cfg: cfg}
	if err := tc.find(t); err != nil {
		return nil, err
	}
	var stdlib digest.Digest
	// The programs have 60 MB: they are hashed while others are asked.
	err = t.Run(func(t *engine.Task) error {
		t.Hash(slices.Sorted(maps.Values(tc.tools))...)
		return nil
	}, func(t *engine.Task) (err error) {
		stdlib, err = tc.examine(t)
		return err
	})
	if err != nil {
		return nil, err
	}
	tc.id, err = tc.identity(t, stdlib)
	return tc, err
}

// examine asks the compiler of itself and loads the C compiler. It returns the
// digest of the standard library.
func (tc *Toolchain) examine(t *engine.Task) (stdlib digest.Digest, err error) {
	if err := tc.configure(t); err != nil {
		return stdlib, err
	}
	if err := tc.findLibrary(t); err != nil {
		return stdlib, err
	}
	cfg := &tc.cfg
	tc.target = tc.conf["target"]
	if cfg.Target != "" {
		if !toolchain.Same(cfg.Target, tc.target) {
			return stdlib, &toolchain.TargetError{
				Address: cfg.Address(), Site: cfg.Site, Declared: cfg.Target,
				Found: tc.target, Plain: tc.target, Tool: path.Base(tc.tools["ocamlc"]),
			}
		}
		tc.target = cfg.Target
	}
	err = t.Run(tc.loadC, func(t *engine.Task) (err error) {
		stdlib, err = t.TreeDigest(tc.conf["standard_library"], isStandard)
		return err
	})
	return stdlib, err
}

// programs are the tools of a suite; those compiled to native code have
// ".opt" appended. A suite has the first at least (see providers.go).
var programs = []string{"ocamlc", "ocamlopt", "ocamldep", "ocamllex", "ocamlyacc", "ocaml", "ocamlmklib", "ocamlobjinfo"}

// find looks for the compiler and then, in the same directory, for its
// suite: tools of two installations do not fit together.
func (tc *Toolchain) find(t *engine.Task) error {
	cfg := tc.cfg
	tc.tools = map[string]string{}
	names := []string{"ocamlc", "ocamlc.opt"}
	if cfg.Target != "" {
		names = append([]string{cfg.Target + "-ocamlc"}, names...)
	}
	dir, prefix := path.Join(cfg.Prefix, "bin"), ""
	where := "in " + dir
	if cfg.Prefix == "" {
		dir, where = "", "along PATH"
	}
	for _, name := range names {
		p, err := lookup(t, dir, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		dir = path.Dir(p)
		prefix = strings.TrimSuffix(strings.TrimSuffix(name, ".opt"), "ocamlc")
		break
	}
	for _, name := range programs {
		for _, file := range []string{prefix + name + ".opt", prefix + name} {
			if p, err := lookup(t, dir, file); err == nil && dir != "" {
				tc.tools[name] = p
				break
			}
		}
	}
	if tc.tools["ocamlc"] == "" {
		return &toolchain.MissingError{
			Address: cfg.Address(), Site: cfg.Site, Tried: names, Where: where,
			Package: toolchain.DebianPackage("ocamlc"), Err: fs.ErrNotExist,
		}
	}
	return nil
}

func lookup(t *engine.Task, dir, name string) (string, error) {
	if dir == "" {
		return t.LookPath(name)
	}
	p := path.Join(dir, name)
	ok, err := t.Exists(p)
	if err == nil && !ok {
		err = &fs.PathError{Op: "find", Path: p, Err: fs.ErrNotExist}
	}
	return p, err
}

// configure asks ocamlc for its configuration. The answer names places, so
// the compiler's path is among the arguments and thus part of the key.
func (tc *Toolchain) configure(t *engine.Task) error {
	ocamlc := tc.tools["ocamlc"]
	d, err := t.FileDigest(ocamlc)
	if err != nil {
		return err
	}
	doing := "probing " + path.Base(ocamlc) + " -config"
	fail := func(err error) error {
		return &toolchain.ProbeError{Address: tc.cfg.Address(), Site: tc.cfg.Site, Doing: doing, Err: err}
	}
	out, err := t.Probe(action.Spec{
		Name:  "probe " + path.Base(ocamlc) + " -config",
		Argv:  []string{"/bin/sh", "-c", `exec "$1" -config`, "sh", ocamlc},
		Env:   toolchain.Environ(map[string]string{"LC_ALL": "C", "PATH": "/usr/bin:/bin"}, tc.cfg.Env),
		Tools: []action.Tool{{Name: path.Base(ocamlc), Identity: d}},
	})
	if err != nil {
		if t.Context().Err() != nil {
			return err
		}
		return fail(err)
	}
	tc.conf = parseConfig(string(out))
	if tc.conf["version"] == "" || tc.conf["standard_library"] == "" {
		return fail(errors.New("its output tells no version or no standard library"))
	}
	if tc.conf["target"] == "" {
		tc.conf["target"] = tc.conf["architecture"] + "-" + tc.conf["system"]
	}
	return nil
}

// findLibrary sees to it that the standard library is there. A suite that was
// moved, or installed elsewhere than configured, still names its former
// place; it is told of the library beside it in the environment.
func (tc *Toolchain) findLibrary(t *engine.Task) error {
	named := tc.conf["standard_library"]
	if ok, err := t.Exists(path.Join(named, stdlib)); ok || err != nil {
		return err
	}
	beside := path.Join(path.Dir(path.Dir(tc.tools["ocamlc"])), "lib", "ocaml")
	ok, err := t.Exists(path.Join(beside, stdlib))
	if err != nil {
		return err
	}
	if !ok || tc.cfg.Env["OCAMLLIB"] != "" {
		return &toolchain.ProbeError{
			Address: tc.cfg.Address(), Site: tc.cfg.Site, Doing: "looking for the standard library of " + path.Base(tc.tools["ocamlc"]),
			Err:    fmt.Errorf("there is no %s in %s", stdlib, named),
			Advice: "A compiler that was moved finds it by env = { OCAMLLIB = … }.",
		}
	}
	env := map[string]string{"OCAMLLIB": beside, "CAML_LD_LIBRARY_PATH": path.Join(beside, "stublibs")}
	maps.Copy(env, tc.cfg.Env)
	tc.cfg.Env = env
	return tc.configure(t)
}

// stdlib is a file that all standard libraries have.
const stdlib = "stdlib.cma"

// loadC finds the C compiler that the suite drives.
func (tc *Toolchain) loadC(t *engine.Task) error {
	driver := tc.conf.command("native_c_compiler")
	if driver == "" {
		driver = tc.conf.command("c_compiler")
	}
	if driver == "" {
		driver = tc.conf.command("bytecomp_c_compiler")
	}
	var err error
	tc.c, err = cc.Load(t, toolchain.Config{
		Kind: "ocaml", Name: tc.cfg.Name, Key: tc.cfg.Key, Site: tc.cfg.Site,
		CC: driver, Env: tc.cfg.Env,
	})
	if err != nil {
		return err
	}
	// Both the driver and the assembler are named without a directory.
	dirs := strings.Split(tc.c.Path(), ":")
	for _, name := range []string{driver, tc.conf.command("asm"), tc.conf.command("native_pack_linker")} {
		if p, err := t.LookPath(name); err == nil && !path.IsAbs(name) && !slices.Contains(dirs, path.Dir(p)) {
			dirs = append([]string{path.Dir(p)}, dirs...)
		}
	}
	tc.path = strings.Join(dirs, ":")
	return nil
}

// identity digests the suite: its executables, the standard library with
// all that compiling and linking take from it, and the C compiler. It holds
// no path of its own making; a compiler that bakes its standard library's
// path in is another one when that path is another.
func (tc *Toolchain) identity(t *engine.Task, stdlib digest.Digest) (digest.Digest, error) {
	c := toolchain.NewClosure(t, nil)
	for _, name := range slices.Sorted(maps.Keys(tc.tools)) {
		if err := c.Executable("program "+name, tc.tools[name]); err != nil {
			return digest.Digest{}, err
		}
	}
	c.Add("standard library", stdlib)
	c.Add("C compiler", tc.c.Identity())
	for _, name := range []string{"asm", "native_pack_linker"} {
		if p, err := t.LookPath(tc.conf.command(name)); err == nil {
			if err := c.Executable(name, p); err != nil {
				return digest.Digest{}, err
			}
		}
	}
	return c.Digest(), nil
}

// standardDirs are the directories of the standard library's tree that
// belong to it. Systems install other libraries beside them.
var standardDirs = []string{"caml", "threads", "unix", "str", "dynlink", "profiling", "runtime_events", "stublibs", "stdlib"}

// isStandard reports whether a file of the standard library's directory has
// a part in compiling or linking. The name of a directory ends with a slash.
func isStandard(rel string) bool {
	dir, file, deep := strings.Cut(rel, "/")
	if deep && !slices.Contains(standardDirs, dir) {
		return false
	}
	if dir == "stublibs" && file != "" {
		// Other libraries put theirs here too.
		return strings.HasPrefix(file, "dllunix") || strings.HasPrefix(file, "dllthreads") || strings.HasPrefix(file, "dllcamlstr")
	}
	switch path.Ext(rel) {
	case ".ml", ".mli", ".cmt", ".cmti", ".txt", ".html", ".md":
		return false
	}
	return true
}
