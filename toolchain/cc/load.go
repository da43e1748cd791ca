package cc

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"erg.build/erg/engine"
	"erg.build/erg/engine/action"
	"erg.build/erg/toolchain"
)

var loads = engine.Query[string, *Toolchain]{Kind: "C toolchain"}

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
	driver, err := find(t, cfg)
	if err != nil {
		return nil, err
	}
	tc := &Toolchain{cfg: cfg}
	if tc.layout, err = locate(t, cfg, driver); err != nil {
		return nil, err
	}
	if tc.id, err = tc.layout.identity(t); err != nil {
		return nil, err
	}
	if err := tc.probe(t); err != nil {
		return nil, err
	}
	found := tc.about.target
	if cfg.Target != "" && !tc.about.agrees(cfg.Target) {
		return nil, &toolchain.TargetError{
			Address: cfg.Address(), Site: cfg.Site, Declared: cfg.Target, Found: found,
			Plain: tc.about.machine, Tool: path.Base(driver), Flags: cfg.Flags,
		}
	}
	if cfg.Target != "" {
		tc.about.target = cfg.Target // as people write it
	}
	return tc, nil
}

// find returns the absolute path of the compiler driver.
func find(t *engine.Task, cfg toolchain.Config) (string, error) {
	names := candidates(cfg)
	where := "along PATH"
	if cfg.Prefix != "" {
		where = "in " + path.Join(cfg.Prefix, "bin")
	}
	for _, name := range names {
		p, err := lookup(t, cfg.Prefix, name)
		if err == nil {
			return p, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
	}
	if path.IsAbs(names[0]) {
		where = "there"
	}
	return "", &toolchain.MissingError{
		Address: cfg.Address(), Site: cfg.Site, Tried: names, Where: where,
		Close: alternatives(t, cfg, names[0]), Package: toolchain.DebianPackage(names[0]), Err: fs.ErrNotExist,
	}
}

// candidates lists the names of the driver, the best first.
func candidates(cfg toolchain.Config) []string {
	if cfg.CC != "" {
		return []string{cfg.CC}
	}
	plain := []string{"gcc", "clang", "cc"}
	if cfg.Target == "" {
		return plain
	}
	names := []string{cfg.Target + "-gcc"}
	if cfg.Prefix != "" {
		return append(names, plain...)
	}
	if toolchain.Parse(cfg.Target).Runs() {
		return append(names, plain...)
	}
	return names
}

// lookup finds a program in prefix/bin, or along PATH without a prefix.
func lookup(t *engine.Task, prefix, name string) (string, error) {
	p := name
	switch {
	case path.IsAbs(name):
	case prefix != "":
		p = path.Join(prefix, "bin", name)
	default:
		return t.LookPath(name)
	}
	ok, err := t.Exists(p)
	if err == nil && !ok {
		err = &fs.PathError{Op: "find", Path: p, Err: fs.ErrNotExist}
	}
	return p, err
}

// alternatives lists the compilers that are there and emit code for the same
// family of processors (riscv64 for riscv32, with flags).
func alternatives(t *engine.Task, cfg toolchain.Config, name string) []string {
	dirs := strings.Split(t.Getenv("PATH"), ":")
	if cfg.Prefix != "" {
		dirs = []string{path.Join(cfg.Prefix, "bin")}
	}
	family := func(target string) string {
		return strings.TrimRight(toolchain.Parse(target).Arch, "0123456789")
	}
	want := family(strings.TrimSuffix(path.Base(name), "-gcc"))
	var found []string
	for _, dir := range dirs {
		if !path.IsAbs(dir) {
			continue
		}
		entries, err := t.ReadDir(dir)
		if err != nil {
			continue
		}
		for _, e := range entries {
			target, ok := strings.CutSuffix(e.Name, "-gcc")
			if ok && strings.Contains(target, "-") && family(target) == want && !slices.Contains(found, e.Name) {
				found = append(found, e.Name)
			}
		}
	}
	return found
}

// ask runs a probe of the toolchain. The answer to a question about places
// may be kept only for as long as the tool is at the same place, so such
// probes go through a shell and have the tool's path among their arguments,
// which are part of the key; other probes are keyed by what the tool is.
func ask(t *engine.Task, cfg toolchain.Config, doing string, env map[string]string, tool action.Tool, argv ...string) (string, error) {
	out, err := t.Probe(action.Spec{
		Name:  "probe " + doing,
		Argv:  argv,
		Env:   toolchain.Environ(env, cfg.Env),
		Tools: []action.Tool{tool},
	})
	if err == nil {
		return string(out), nil
	}
	if t.Context().Err() != nil {
		return "", err
	}
	e := &toolchain.ProbeError{Address: cfg.Address(), Site: cfg.Site, Doing: "probing " + doing, Err: err}
	if len(cfg.Flags) > 0 {
		e.Advice = "It was run with the toolchain's flags: " + strings.Join(cfg.Flags, " ")
	}
	return "", e
}

// digestOf returns the digest of a tool, as an identity for probes.
func digestOf(t *engine.Task, file string) (action.Tool, error) {
	d, err := t.FileDigest(file)
	return action.Tool{Name: path.Base(file), Identity: d}, err
}
