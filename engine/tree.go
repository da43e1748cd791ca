package engine

import (
	"os"
	"path"
	"strings"
	"syscall"

	"golang.org/x/sync/errgroup"

	"erg.build/erg/engine/digest"
	"erg.build/erg/engine/trace"
)

// A treeFile is a file of a tool's tree.
type treeFile struct {
	rel    string
	system bool // in a directory that the system keeps
	digest digest.Digest
}

// treeDigest hashes the files of a tool's tree. For a directory that belongs
// to the system, a null build looks at the directory only: packages replace
// files by renaming, which moves its stamp, and nobody edits them in place.
func (t *Task) treeDigest(dir string, keep func(rel string) bool) (digest.Digest, error) {
	t.cell.addDep(dep{leaf: "file:" + dir})
	files, err := t.walkTree(dir, "", keep, nil)
	if err != nil {
		return digest.Digest{}, err
	}
	var g errgroup.Group
	g.SetLimit(defaultJobs(0))
	for i := range files {
		f := &files[i]
		g.Go(func() error {
			look := func(p string) (*trace.File, error) { return t.ask(p, trace.Content) }
			if f.system {
				look = func(p string) (*trace.File, error) {
					return t.s.examine(trace.FileKey{Path: p, Kind: trace.Content}, false)
				}
			}
			l, err := look(path.Join(dir, f.rel))
			if err == nil {
				f.digest = l.Digest
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return digest.Digest{}, err
	}
	h := digest.New()
	for _, f := range files {
		h.Write([]byte(f.rel + "\x00"))
		h.Write(f.digest[:])
	}
	return digest.Sum(h), nil
}

// walkTree appends the files at rel below dir, in order. Links to directories
// are not followed: they may lead in circles.
func (t *Task) walkTree(dir, rel string, keep func(string) bool, files []treeFile) ([]treeFile, error) {
	at := path.Join(dir, rel)
	l, err := t.ask(at, trace.Listing)
	if err != nil {
		return nil, err
	}
	system := systemDir(at, l.Stamp)
	entries, err := t.s.eng.list(at, false)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		r := path.Join(rel, e.Name)
		switch {
		case e.Dir && !e.Link && (keep == nil || keep(r+"/")):
			if files, err = t.walkTree(dir, r, keep, files); err != nil {
				return nil, err
			}
		case !e.Dir && (keep == nil || keep(r)):
			files = append(files, treeFile{rel: r, system: system})
		}
	}
	return files, nil
}

// systemDir reports whether a directory is kept by the system's package
// manager: below /usr or the like, owned by root, writable by nobody else.
func systemDir(dir string, st trace.Stamp) bool {
	for _, p := range [...]string{"/usr/", "/lib/", "/lib64/", "/bin/", "/opt/"} {
		if strings.HasPrefix(dir+"/", p) && !strings.HasPrefix(dir, "/usr/local/") {
			return st.Mode&0o022 == 0 && ownedByRoot(dir)
		}
	}
	return false
}

func ownedByRoot(dir string) bool {
	fi, err := os.Stat(dir)
	if err != nil {
		return false
	}
	st, ok := fi.Sys().(*syscall.Stat_t)
	return ok && st.Uid == 0
}
