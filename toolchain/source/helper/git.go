package helper

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"erg.build/erg/toolchain/source"
	"erg.build/erg/toolchain/source/archive"
)

// attributes turn off all by which Git changes files on their way out of a
// repository: the integrity is that of what was committed.
const attributes = "* -export-ignore -export-subst -text -eol -ident -filter -working-tree-encoding\n"

// fetchGit writes the files of a commit as a canonical tar file, so that
// neither the version of Git nor its configuration matter.
func fetchGit(ctx context.Context, r Request, work string, w io.Writer) (note string, err error) {
	if _, err := exec.LookPath("git"); err != nil {
		return "", hinted(errors.New("it is fetched by Git, and there is no git on PATH"), "install git; "+offlineHint)
	}
	if err := scratch(work); err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	g := &git{ctx: ctx, dir: work, shown: source.Redact(r.Address)}
	if out, err := g.run("init", "--quiet", "--bare", "."); err != nil {
		return "", fmt.Errorf("git init failed:\n%s", indent(out))
	}
	address := r.Address
	if !strings.Contains(address, ":") { // else a URL, or HOST:PATH
		if address, err = filepath.Abs(r.path(address)); err != nil {
			return "", err
		}
	}
	commit, err := g.fetch(address, r.Rev)
	if err != nil {
		return "", err
	}
	if err := errors.Join(os.MkdirAll(filepath.Join(work, "info"), 0o777), os.WriteFile(filepath.Join(work, "info", "attributes"), []byte(attributes), 0o666)); err != nil {
		return "", err
	}
	tree, err := g.run("ls-tree", "-r", "--full-tree", commit)
	if err != nil {
		return "", fmt.Errorf("git ls-tree failed:\n%s", indent(tree))
	}
	if strings.HasPrefix(tree, "160000 ") || strings.Contains(tree, "\n160000 ") {
		note = "it has submodules, which are not fetched: declare them as sources of their own"
	}
	plain := filepath.Join(work, "plain.tar")
	if out, err := g.run("archive", "--format=tar", "--output=plain.tar", commit); err != nil {
		return "", fmt.Errorf("git archive failed:\n%s", indent(out))
	}
	spool, err := newSpool(work)
	if err != nil {
		return "", err
	}
	defer spool.Close()
	t, err := readArchive(plain, spool, archive.Limits{Files: archive.DefaultLimits.Files * 4, Bytes: r.Most})
	if err != nil {
		return "", limitHint(err)
	}
	if err := t.Check(); err != nil {
		return "", err
	}
	return note, t.Write(w)
}

// A git is a repository made for one fetch.
type git struct {
	ctx   context.Context
	dir   string
	shown string // where it fetches from, for people
}

func (g *git) run(args ...string) (string, error) {
	// Transports that run programs are for people, not for addresses in files.
	config := []string{"-c", "protocol.allow=never", "-c", "core.hooksPath=/dev/null", "-c", "gc.auto=0"}
	for _, p := range []string{"https", "http", "ssh", "git", "file"} {
		config = append(config, "-c", "protocol."+p+".allow=always")
	}
	cmd := command(g.ctx, g.dir, "git", append(config, args...)...)
	cmd.Env = append(gitEnviron(), "GIT_TERMINAL_PROMPT=0", "GIT_DIR=.", "LC_ALL=C")
	return output(cmd)
}

// gitEnviron is the environment without what speaks of another repository, as
// it does where erg is run by a hook.
func gitEnviron() []string {
	var env []string
	for _, e := range os.Environ() {
		name, _, _ := strings.Cut(e, "=")
		switch name {
		case "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_COMMON_DIR", "GIT_NAMESPACE", "GIT_PREFIX", "GIT_QUARANTINE_PATH":
			continue
		}
		env = append(env, e)
	}
	return env
}

// fetch brings a revision here and returns its commit. Servers need not give
// out a commit by its name; then all branches and tags are fetched.
func (g *git) fetch(address, rev string) (string, error) {
	out, err := g.run("fetch", "--quiet", "--depth=1", "--no-tags", "--no-write-fetch-head", address, "+"+rev+":refs/erg/rev")
	if err == nil {
		return "refs/erg/rev^{commit}", nil
	}
	first := out
	if out, err = g.run("fetch", "--quiet", "--no-write-fetch-head", address, "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"); err != nil {
		return "", hinted(fmt.Errorf("git cannot fetch %s:\n%s", g.shown, indent(g.redact(address, out))), offlineHint)
	}
	if _, err := g.run("rev-parse", "--verify", "--quiet", rev+"^{commit}"); err != nil {
		return "", hinted(fmt.Errorf("%s has no revision %q:\n%s", g.shown, rev, indent(g.redact(address, first))), "rev is a tag, a branch or a commit")
	}
	return rev + "^{commit}", nil
}

// redact takes the address out of what Git says of it.
func (g *git) redact(address, text string) string {
	return strings.ReplaceAll(text, address, g.shown)
}
