package exec_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"erg.build/erg/engine/exec"
	"erg.build/erg/engine/sandbox"
)

func BenchmarkInPlace(b *testing.B) {
	c := &exec.Command{Argv: []string{"/bin/true"}}
	for b.Loop() {
		r, err := exec.Run(context.Background(), c)
		if err != nil || r.Err() != nil {
			b.Fatal(err, r.Err())
		}
	}
}

// BenchmarkParallel also tells what this process itself takes for each that it
// runs: processor time, and how often the kernel switched to it.
func BenchmarkParallel(b *testing.B) {
	c := &exec.Command{Argv: []string{"/bin/true"}, Env: os.Environ()}
	took, switched := own()
	var wg sync.WaitGroup
	next := make(chan bool)
	for range 4 {
		wg.Go(func() {
			for range next {
				if r, err := exec.Run(b.Context(), c); err != nil || r.Err() != nil {
					b.Error(err, r)
				}
			}
		})
	}
	for b.Loop() {
		next <- true
	}
	close(next)
	wg.Wait()
	now, switches := own()
	b.ReportMetric(float64((now-took).Microseconds())/float64(b.N), "own-µs/op")
	b.ReportMetric(float64(switches-switched)/float64(b.N), "switches/op")
}

// own returns the processor time and the context switches of this process.
func own() (time.Duration, int64) {
	var ru syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &ru)
	return time.Duration(ru.Utime.Nano() + ru.Stime.Nano()), ru.Nvcsw + ru.Nivcsw
}

func BenchmarkSandbox(b *testing.B) {
	for _, m := range []sandbox.Method{sandbox.Namespaces, sandbox.Landlock, sandbox.Symlinks} {
		for _, n := range []int{0, 10, 100, 1000} {
			b.Run(fmt.Sprintf("%s/%d", m, n), func(b *testing.B) {
				if err := sandbox.Usable(m); err != nil {
					b.Skip(err)
				}
				benchmarkInputs(b, m, n)
			})
		}
	}
}

func benchmarkInputs(b *testing.B, m sandbox.Method, n int) {
	root, err := os.MkdirTemp("/var/tmp", "erg-bench-") // on a disk, as workspaces are
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { os.RemoveAll(root) })
	var inputs []sandbox.Mount
	for i := range n {
		at := fmt.Sprintf("src/d%d/f%d.txt", i/100, i)
		source := filepath.Join(root, at)
		os.MkdirAll(filepath.Dir(source), 0o777)
		if err := os.WriteFile(source, nil, 0o666); err != nil {
			b.Fatal(err)
		}
		inputs = append(inputs, sandbox.Mount{At: at, Source: source})
	}
	i := 0
	for b.Loop() {
		i++
		s := &sandbox.Spec{Method: m, Root: root, Inputs: inputs, Stage: filepath.Join(root, "_build", fmt.Sprint(i))}
		r, err := exec.Run(context.Background(), &exec.Command{Argv: []string{"/bin/true"}, Sandbox: s})
		if err != nil || r.Err() != nil {
			b.Fatal(err, r)
		}
		if _, err := sandbox.Collect(s); err != nil {
			b.Fatal(err)
		}
		if err := sandbox.Clean(s); err != nil {
			b.Fatal(err)
		}
	}
}
