package engine

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"sync"

	"erg.build/erg/engine/digest"
	"erg.build/erg/engine/fsys"
	"erg.build/erg/engine/trace"
)

// A stampCache remembers, per user, the digests of files outside workspaces:
// compilers and their libraries, which every new workspace would otherwise
// hash again. It is an optimisation: what cannot be read is not there.
type stampCache struct {
	fs    fsys.FS
	name  string
	mu    sync.Mutex
	known map[string]stampLine
	fresh bytes.Buffer
}

type stampLine struct {
	Path   string
	Stamp  trace.Stamp
	Digest string
}

// stampsLimit is the size at which the file is written anew.
const stampsLimit = 4 << 20

func openStamps(fsy fsys.FS, dir string) *stampCache {
	return &stampCache{fs: fsy, name: filepath.Join(dir, "stamps")}
}

func (c *stampCache) load() {
	if c.known != nil {
		return
	}
	c.known = map[string]stampLine{}
	b, err := fsys.ReadFile(c.fs, c.name)
	if err != nil {
		return
	}
	for line := range bytes.Lines(b) {
		// A line carries its own checksum: two ergs append at once, and a
		// killed one leaves half a line.
		sum, text, ok := bytes.Cut(bytes.TrimRight(line, "\n"), []byte(" "))
		var l stampLine
		if ok && string(sum) == digest.Of(text).Short() && json.Unmarshal(text, &l) == nil {
			c.known[l.Path] = l
		}
	}
	if len(b) > stampsLimit {
		for _, l := range c.known {
			c.append(l)
		}
		if fsys.WriteFile(c.fs, c.name, c.fresh.Bytes(), 0o666) == nil {
			c.fresh.Reset()
		}
	}
}

func (c *stampCache) append(l stampLine) {
	text, err := json.Marshal(l)
	if err == nil {
		c.fresh.WriteString(digest.Of(text).Short() + " " + string(text) + "\n")
	}
}

func (c *stampCache) get(path string, st trace.Stamp) (digest.Digest, bool) {
	if c == nil {
		return digest.Digest{}, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.load()
	l, ok := c.known[path]
	if !ok || l.Stamp != st {
		return digest.Digest{}, false
	}
	d, err := digest.Parse(l.Digest)
	return d, err == nil
}

func (c *stampCache) put(path string, st trace.Stamp, d digest.Digest) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.load()
	l := stampLine{path, st, d.String()}
	c.known[path] = l
	c.append(l)
}

// save appends what is new. A failure loses an optimisation only.
func (c *stampCache) save() {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fresh.Len() == 0 || c.fs.MkdirAll(filepath.Dir(c.name), 0o777) != nil {
		return
	}
	f, err := c.fs.OpenFile(c.name, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o666)
	if err != nil {
		return
	}
	f.Write(c.fresh.Bytes())
	f.Close()
	c.fresh.Reset()
}
