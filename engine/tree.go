package engine

import (
	"os"
	"path"
	"strings"
	"sync"
	"syscall"

	"erg.build/erg/engine/digest"
	"erg.build/erg/engine/trace"
)

// treeDigest hashes the files of a tool's tree. For a directory that belongs
// to the system, a null build looks at the directory only: packages replace
// files by renaming, which moves its stamp, and nobody edits them in place.
func (t *Task) treeDigest(dir string, keep func(rel string) bool) (digest.Digest, error) {
	t.cell.addDep(dep{leaf: "file:" + dir})
	h := digest.New()
	type found struct {
		rel    string
		system bool
		digest digest.Digest
		err    error
	}
	var files []*found
	var walk func(rel string) error
	walk = func(rel string) error {
		at := path.Join(dir, rel)
		l, err := t.s.leaf(at, trace.Listing)
		if err != nil {
			return err
		}
		system := systemDir(at, l.Stamp)
		entries, err := t.s.eng.list(at)
		if err != nil {
			return err
		}
		for _, e := range entries {
			r := path.Join(rel, e.Name)
			switch {
			case e.Dir && !e.Link:
				if keep == nil || keep(r+"/") {
					err = walk(r)
				}
			case !e.Dir && (keep == nil || keep(r)):
				files = append(files, &found{rel: r, system: system})
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
	if err := walk(""); err != nil {
		return digest.Digest{}, err
	}
	var wg sync.WaitGroup
	next := make(chan *found)
	for range defaultJobs(0) {
		wg.Go(func() {
			for f := range next {
				k := trace.FileKey{Path: path.Join(dir, f.rel), Kind: trace.Content}
				l, err := t.s.examine(k, !f.system)
				if f.err = err; err == nil {
					f.digest = l.Digest
				}
			}
		})
	}
	for _, f := range files {
		next <- f
	}
	close(next)
	wg.Wait()
	for _, f := range files {
		if f.err != nil {
			return digest.Digest{}, f.err
		}
		h.Write([]byte(f.rel + "\x00"))
		h.Write(f.digest[:])
	}
	return digest.Sum(h), nil
}

// systemDir reports whether a directory is kept by the system's package
// manager: below /usr or the like, owned by root, writable by nobody else.
func systemDir(dir string, st trace.Stamp) bool {
	for _, p := range [...]string{"/usr/", "/lib", "/bin", "/opt/"} {
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
