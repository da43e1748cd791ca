package tree

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"os"

	"erg.build/erg/contexts/ninja/ninjatest"
)

// WriteNinjaLog writes the log that Ninja 1.5 to 1.11 would have if it had built
// the graph, whose outputs are there. Ninja itself tells whether it takes it: it
// then finds nothing to do.
func (t Tree) WriteNinjaLog(l ninjatest.Layered) error {
	return t.stream(ninjaLog, func(w io.Writer) error {
		b := bufio.NewWriterSize(w, 1<<20)
		b.WriteString("# ninja log v5\n")
		for layer := range l.Layers {
			for i := range l.Width {
				name := l.Output(layer, i)
				info, err := os.Stat(t.Path(name))
				if err != nil {
					return err
				}
				hash := murmur64A([]byte(l.CommandOf(layer, i)))
				fmt.Fprintf(b, "0\t1\t%d\t%s\t%x\n", info.ModTime().UnixNano(), name, hash)
			}
		}
		return b.Flush()
	})
}

// murmur64A is MurmurHash64A with Ninja's seed, by which its log knows commands.
func murmur64A(key []byte) uint64 {
	const (
		seed = 0xDECAFBADDECAFBAD
		m    = 0xc6a4a7935bd1e995
		r    = 47
	)
	h := seed ^ uint64(len(key))*m
	for ; len(key) >= 8; key = key[8:] {
		k := binary.LittleEndian.Uint64(key) * m
		k ^= k >> r
		h ^= k * m
		h *= m
	}
	if len(key) > 0 {
		var rest [8]byte
		copy(rest[:], key)
		h ^= binary.LittleEndian.Uint64(rest[:])
		h *= m
	}
	h ^= h >> r
	h *= m
	return h ^ h>>r
}
