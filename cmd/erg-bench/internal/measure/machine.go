package measure

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// A Machine is what figures depend on. It has no name.
type Machine struct {
	CPU        string `json:"cpu"`
	Cores      int    `json:"cores"`
	Memory     int64  `json:"memory"` // in bytes
	Kernel     string `json:"kernel"`
	FileSystem string `json:"fileSystem"`
}

// ThisMachine describes the machine; the file system is that of a directory.
func ThisMachine(dir string) (Machine, error) {
	var info unix.Sysinfo_t
	if err := unix.Sysinfo(&info); err != nil {
		return Machine{}, fmt.Errorf("sysinfo: %w", err)
	}
	var uts unix.Utsname
	if err := unix.Uname(&uts); err != nil {
		return Machine{}, fmt.Errorf("uname: %w", err)
	}
	fs, err := fileSystem(dir)
	if err != nil {
		return Machine{}, err
	}
	return Machine{
		CPU:        cpu(),
		Cores:      runtime.NumCPU(),
		Memory:     int64(info.Totalram) * int64(info.Unit),
		Kernel:     unix.ByteSliceToString(uts.Sysname[:]) + " " + plainRelease(unix.ByteSliceToString(uts.Release[:])),
		FileSystem: fs,
	}, nil
}

// plainRelease is a kernel's release without what its distributor calls it.
func plainRelease(release string) string {
	v, _, _ := strings.Cut(release, "-")
	return v
}

func (m Machine) String() string {
	return fmt.Sprintf("%s, %d cores, %.0f GB of memory, %s, %s", m.CPU, m.Cores, float64(m.Memory)/1e9, m.Kernel, m.FileSystem)
}

var model = regexp.MustCompile(`(?m)^(?:model name|Model|cpu model)\s*: (.*)$`)

func cpu() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if m := model.FindSubmatch(text); err == nil && m != nil {
		return string(m[1])
	}
	return runtime.GOARCH
}

// fileSystem returns the type of the file system that a directory is on.
func fileSystem(dir string) (string, error) {
	var st unix.Stat_t
	if err := unix.Stat(dir, &st); err != nil {
		return "", fmt.Errorf("stat %s: %w", dir, err)
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return "", err
	}
	device := fmt.Sprintf("%d:%d", unix.Major(st.Dev), unix.Minor(st.Dev))
	for line := range strings.Lines(string(mounts)) {
		mount, fs, ok := strings.Cut(line, " - ")
		if f := strings.Fields(mount); ok && len(f) > 2 && f[2] == device {
			return strings.Fields(fs)[0], nil
		}
	}
	return "unknown file system", nil
}

var version = regexp.MustCompile(`\d+(\.\d+)+`)

// Version returns the version that a program names when asked, "" if it does
// not.
func Version(ctx context.Context, program string) string {
	out, err := exec.CommandContext(ctx, program, "--version").Output()
	if err != nil {
		return ""
	}
	first, _, _ := strings.Cut(string(out), "\n")
	// What is in parentheses is the version of a distribution's package.
	if i := strings.LastIndexByte(first, ')'); i >= 0 {
		first = first[i:]
	}
	return version.FindString(first)
}
