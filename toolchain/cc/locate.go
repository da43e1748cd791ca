package cc

import (
	"path"
	"slices"
	"strings"

	"erg.build/erg/engine"
	"erg.build/erg/engine/action"
	"erg.build/erg/engine/digest"
	"erg.build/erg/toolchain"
)

// A layout says where the parts of a toolchain are.
type layout struct {
	driver    string            // absolute
	programs  []string          // directories that the driver searches for programs
	libraries []string          // and for start files and libraries
	includes  []string          // system include directories, in search order
	tools     map[string]string // role → absolute path; what is not there is missing
	files     map[string]string // name → absolute path
	path      string            // PATH for its processes
}

// toolRoles are the programs that a driver runs, and ar.
var toolRoles = []string{"cc1", "cc1plus", "collect2", "as", "ld", "ar", "llvm-ar"}

// startFiles are the files that linking takes from the toolchain and the C
// library, on any system; a toolchain has some of them.
var startFiles = []string{
	"crt0.o", "crt1.o", "Scrt1.o", "gcrt1.o", "crti.o", "crtn.o", "crt2.o", "dllcrt2.o",
	"crtbegin.o", "crtbeginS.o", "crtbeginT.o", "crtend.o", "crtendS.o",
	"libgcc.a", "libgcc_eh.a", "libgcc_s.so", "libgcc_s.so.1", "libatomic.a",
	"libc.so", "libc.so.6", "libc.a", "libc_nonshared.a", "libm.so", "libm.so.6", "libm.a", "libnosys.a", "libgloss.a",
	"libmingw32.a", "libmingwex.a", "libmsvcrt.a", "libkernel32.a", "libuser32.a", "libadvapi32.a", "libshell32.a",
	"liblto_plugin.so", "specs",
}

// locate asks the driver where its parts are. First it says in which
// directories it looks; what is there of the files that matter makes up the
// key of the second question, which file it takes. So a cached answer is
// dropped when a part appears, disappears, or moves.
func locate(t *engine.Task, cfg toolchain.Config, driver string) (*layout, error) {
	tool, err := digestOf(t, driver)
	if err != nil {
		return nil, err
	}
	l := &layout{driver: driver, tools: map[string]string{}, files: map[string]string{}, path: standardPath}
	name := path.Base(driver)
	argv := append([]string{"/bin/sh", "-c", `exec "$@" -print-search-dirs`, "sh", driver}, cfg.Flags...)
	out, err := ask(t, cfg, name+" -print-search-dirs", baseEnv(l.path), tool, argv...)
	if err != nil {
		return nil, err
	}
	l.programs, l.libraries = parseSearchDirs(out)
	there := digest.New()
	for _, dir := range l.programs {
		for _, role := range toolRoles {
			ok, err := t.Exists(path.Join(dir, role))
			if err != nil {
				return nil, err
			}
			if ok {
				there.Write([]byte(path.Join(dir, role) + "\n"))
			}
		}
	}
	if err := l.findFiles(t, cfg); err != nil {
		return nil, err
	}
	env := baseEnv(l.path)
	env["ERG_PARTS"] = digest.Sum(there).Short()
	argv = append([]string{"/bin/sh", "-c", whereScript(cfg), "sh", driver}, cfg.Flags...)
	if out, err = ask(t, cfg, name, env, tool, argv...); err != nil {
		return nil, err
	}
	return l, l.resolve(t, out)
}

// standardPath is where POSIX systems keep an assembler and a linker. It is
// the same on all of them, so that keys are.
const standardPath = "/usr/bin:/bin"

// whereScript asks a driver ($1, with flags) for its programs and for where
// it finds headers.
func whereScript(cfg toolchain.Config) string {
	roles := slices.Clone(toolRoles)
	for _, f := range cfg.Flags {
		if ld, ok := strings.CutPrefix(f, "-fuse-ld="); ok {
			roles = append(roles, "ld."+path.Base(ld))
		}
	}
	return `set -e
# Without -v when it fails: what is printed then is what went wrong.
found=$("$@" -E -v -x c /dev/null -o /dev/null 2>&1) || exec "$@" -E -x c /dev/null -o /dev/null
for p in ` + strings.Join(roles, " ") + `; do
	printf 'program %s=' "$p"
	"$@" -print-prog-name="$p"
done
printf '%s\n' "$found"
`
}

// parseSearchDirs reads the answer to -print-search-dirs.
func parseSearchDirs(out string) (programs, libraries []string) {
	for line := range strings.Lines(out) {
		what, list, _ := strings.Cut(strings.TrimSpace(line), ": ")
		var dirs []string
		for dir := range strings.SplitSeq(strings.TrimPrefix(list, "="), ":") {
			if dir = path.Clean(dir); path.IsAbs(dir) && !slices.Contains(dirs, dir) {
				dirs = append(dirs, dir)
			}
		}
		switch what {
		case "programs":
			programs = dirs
		case "libraries":
			libraries = dirs
		}
	}
	return programs, libraries
}

// findFiles looks for the start files in the order in which the driver does.
func (l *layout) findFiles(t *engine.Task, cfg toolchain.Config) error {
	names := slices.Clone(startFiles)
	for i, f := range cfg.Flags {
		if spec, ok := strings.CutPrefix(f, "--specs="); ok {
			names = append(names, spec)
		} else if spec, ok := strings.CutPrefix(f, "-specs="); ok {
			names = append(names, spec)
		} else if (f == "-T" || f == "--specs") && i+1 < len(cfg.Flags) {
			names = append(names, cfg.Flags[i+1])
		}
	}
	for _, dir := range l.libraries {
		entries, err := t.ReadDir(dir)
		if err != nil {
			return err
		}
		here := make(map[string]bool, len(entries))
		for _, e := range entries {
			here[e.Name] = !e.Dir
		}
		for _, name := range names {
			if here[name] && l.files[name] == "" {
				l.files[name] = path.Join(dir, name)
			}
		}
	}
	return nil
}

// resolve reads the answer to whereScript.
func (l *layout) resolve(t *engine.Task, out string) error {
	dirs := strings.Split(standardPath, ":")
	var ignored []string
	list := false
	for line := range strings.Lines(out) {
		line = strings.TrimRight(line, "\r\n")
		if prog, ok := strings.CutPrefix(line, "program "); ok {
			role, file, _ := strings.Cut(prog, "=")
			if !path.IsAbs(file) {
				p, err := t.LookPath(file)
				if err != nil {
					continue
				}
				file = p
				if dir := path.Dir(p); role != "ar" && !slices.Contains(dirs, dir) {
					dirs = slices.Insert(dirs, len(dirs)-2, dir)
				}
			}
			l.tools[role] = path.Clean(file)
			continue
		}
		if dir, ok := strings.CutPrefix(line, "ignoring nonexistent directory "); ok {
			ignored = append(ignored, path.Clean(strings.Trim(dir, `"`)))
		}
		switch {
		case strings.HasPrefix(line, "#include <...>"), strings.HasPrefix(line, `#include "..."`):
			list = true
		case strings.HasPrefix(line, "End of search list"):
			list = false
		case list && strings.HasPrefix(line, " "):
			dir := strings.TrimSuffix(strings.TrimSpace(line), " (framework directory)")
			l.includes = append(l.includes, path.Clean(dir))
		}
	}
	l.path = strings.Join(dirs, ":")
	l.includes = append(ignored, l.includes...)
	return l.chooseArchiver(t)
}

// chooseArchiver prefers what understands the objects: LLVM's ar knows all
// targets of clang, and a cross gcc has its own beside it.
func (l *layout) chooseArchiver(t *engine.Task) error {
	if llvm := l.tools["llvm-ar"]; llvm != "" && strings.Contains(path.Base(l.driver), "clang") {
		l.tools["ar"] = llvm
	}
	delete(l.tools, "llvm-ar")
	if l.tools["ar"] != "" {
		if target, ok := strings.CutSuffix(path.Base(l.driver), "-gcc"); !ok || strings.Contains(l.tools["ar"], target) {
			return nil
		}
	}
	dir, base := path.Split(l.driver)
	for _, compiler := range []string{"gcc", "clang", "cc"} {
		if i := strings.LastIndex(base, compiler); i >= 0 {
			p := dir + base[:i] + "ar"
			ok, err := t.Exists(p)
			if err != nil {
				return err
			}
			if ok {
				l.tools["ar"] = p
			}
			break
		}
	}
	return nil
}

// tool returns a tool as an action names it.
func (l *layout) tool(role string, id digest.Digest) action.Tool {
	return action.Tool{Name: role, Identity: id}
}
