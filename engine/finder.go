package engine

import "bytes"

// A finder is a writer that looks for paths in what passes through it. A path
// counts when it ends there: "/src/app" is not found in "/src/apple".
type finder struct {
	paths   [][]byte
	longest int
	tail    []byte
	found   bool
}

func newFinder(paths ...string) *finder {
	f := &finder{}
	for _, p := range paths {
		f.paths = append(f.paths, []byte(p))
		f.longest = max(f.longest, len(p))
	}
	return f
}

// next prepares for another file.
func (f *finder) next() { f.tail = f.tail[:0] }

// end looks at what a file ends with.
func (f *finder) end() {
	for _, p := range f.paths {
		f.found = f.found || bytes.HasSuffix(f.tail, p)
	}
}

// Write implements io.Writer.
func (f *finder) Write(b []byte) (int, error) {
	if f.found || len(f.paths) == 0 {
		return len(b), nil
	}
	// What lies across the seam of two writes, and the byte after it.
	seam := append(f.tail, b[:min(len(b), f.longest+1)]...)
	for _, p := range f.paths {
		if contains(b, p) || contains(seam, p) {
			f.found = true
			return len(b), nil
		}
	}
	if len(b) <= f.longest {
		b2 := seam
		f.tail = append(f.tail[:0], b2[max(0, len(b2)-f.longest-1):]...)
	} else {
		f.tail = append(f.tail[:0], b[len(b)-f.longest-1:]...)
	}
	return len(b), nil
}

// contains reports whether path p occurs in b, followed by a byte that ends it.
func contains(b, p []byte) bool {
	for {
		i := bytes.Index(b, p)
		if i < 0 || i+len(p) == len(b) {
			return false
		}
		if endsPath(b[i+len(p)]) {
			return true
		}
		b = b[i+1:]
	}
}

func endsPath(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c >= 0x80:
		return false
	}
	return c != '-' && c != '_' && c != '.' && c != '@' && c != '+'
}
