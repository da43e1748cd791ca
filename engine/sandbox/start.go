package sandbox

import (
	"errors"
	"fmt"
	"sync"
	"syscall"

	"erg.build/erg/engine/exec/spawn"
)

// Start prepares the view and starts a process in it, in the working
// directory that the spec names. The error is a *SetupError or a *spawn.Error;
// with Namespaces either may come from Wait instead. The caller cleans up.
func Start(s *Spec, a *spawn.Attr) (spawn.Process, error) {
	if err := Usable(s.Method); err != nil {
		return nil, err
	}
	if err := prepare(s); err != nil {
		return nil, err
	}
	in := *a
	in.Dir = s.WorkDir()
	switch s.Method {
	case Namespaces:
		in.Env = withTmp(a.Env, "/tmp")
		return startInWorker(s, &in)
	case Landlock:
		in.Env = withTmp(a.Env, s.tmp())
		return startRestricted(s, &in)
	case Symlinks:
		in.Env = withTmp(a.Env, s.tmp())
	}
	p, err := spawn.Start(&in)
	if err != nil {
		return nil, err
	}
	return p, nil
}

// withTmp points the process to its private directory for temporary files.
// The user's own TMPDIR would be read-only.
func withTmp(env []string, dir string) []string {
	return append(env[:len(env):len(env)], "TMPDIR="+dir)
}

// Available is the best method that works here; if it is not Namespaces, the
// reason says why not.
func Available() (Method, string) {
	nerr := Usable(Namespaces)
	if nerr == nil {
		return Namespaces, ""
	}
	lerr := Usable(Landlock)
	if lerr == nil {
		return Landlock, nerr.Error()
	}
	return Symlinks, fmt.Sprintf("%v; %v", nerr, lerr)
}

var (
	namespacesUsable = sync.OnceValue(probeNamespaces)
	landlockUsable   = sync.OnceValue(probeLandlock)
)

// Usable is nil if method m works here, or says why it does not. It tries
// once, for real.
func Usable(m Method) error {
	switch m {
	case Namespaces:
		return namespacesUsable()
	case Landlock:
		return landlockUsable()
	case Symlinks, None:
		return nil
	}
	_, err := ParseMethod(string(m))
	return err
}

// errno is the system's error number in err, or err.
func errno(err error) error {
	if n, ok := errors.AsType[syscall.Errno](err); ok {
		return n
	}
	return err
}
