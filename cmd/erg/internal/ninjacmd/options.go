package ninjacmd

import (
	"fmt"
	"runtime"
	"strconv"
	"strings"

	"erg.build/erg/engine"
)

// verbosity is how much is printed.
type verbosity int

const (
	quiet   verbosity = iota // what commands print, and failures
	normal                   // a line for each edge
	verbose                  // the same, with whole commands
)

// options are what the command line says.
type options struct {
	dir, file string
	jobs      int
	jobsGiven bool
	failures  int // that end the build; 0: none does
	maxLoad   float64
	mtime     bool  // go by time, too
	memory    int64 // see engine.SessionOptions
	dryRun    bool
	verbosity verbosity
	tool      string
	args      []string // targets, or the arguments of the tool

	explain, stats, keepDepfile, keepRsp bool
	phonyCycleErr                        bool
	version, help                        bool
	deprecated                           []string // warning flags
}

// defaultFile is the build file unless another is named.
const defaultFile = "build.ninja"

// unlimited is how many jobs -j 0 stands for.
const unlimited = 1 << 12

// errUsage asks for the usage to be printed: why is known already.
type errUsage struct{ text string }

func (e *errUsage) Error() string { return e.text }

// errFlag says that there is no flag of that name.
type errFlag struct{ text string }

func (e *errFlag) Error() string { return e.text }

// errExit ends the command at once, with text on standard output.
type errExit struct {
	text string
	code int
}

func (e *errExit) Error() string { return e.text }

// parse reads a command line as Ninja does: options may follow targets, and
// all that follows -t TOOL is the tool's.
func parse(args []string) (*options, error) {
	o := &options{file: defaultFile, jobs: defaultJobs(), failures: 1, verbosity: normal}
	for i := 0; i < len(args) && o.tool == ""; i++ {
		a := args[i]
		switch {
		case a == "--":
			o.args = append(o.args, args[i+1:]...)
			return o, nil
		case strings.HasPrefix(a, "--"):
			used, err := o.long(a[2:], args[i+1:])
			if err != nil {
				return nil, err
			}
			i += used
		case len(a) > 1 && a[0] == '-':
			used, err := o.short(a[1:], args[i+1:])
			if err != nil {
				return nil, err
			}
			i += used
			if o.tool != "" {
				o.args = args[i+1:]
			}
		default:
			o.args = append(o.args, a)
		}
	}
	return o, nil
}

// defaultJobs guesses as Ninja does.
func defaultJobs() int {
	switch n := runtime.NumCPU(); n {
	case 0, 1:
		return 2
	case 2:
		return 3
	default:
		return n + 2
	}
}

// long reads a long option and says how many of the arguments behind it were
// used.
func (o *options) long(option string, rest []string) (used int, err error) {
	name, value, given := strings.Cut(option, "=")
	if name == "mem" {
		if !given {
			if len(rest) == 0 {
				return 0, &errUsage{"option '--mem' requires an argument"}
			}
			value, used = rest[0], 1
		}
		if o.memory, err = engine.ParseMemory(value); err != nil {
			return 0, fmt.Errorf("--mem %s: %w", value, err)
		}
		return used, nil
	}
	switch option {
	case "mtime":
		o.mtime = true
	case "help":
		o.help = true
	case "version":
		o.version = true
	case "verbose":
		o.verbosity = verbose
	case "quiet":
		o.verbosity = quiet
	default:
		return 0, &errUsage{"unrecognized option '--" + option + "'"}
	}
	return 0, nil
}

// short reads a group of short options, "nv" or "j4", and says how many of
// the arguments behind it were used.
func (o *options) short(group string, rest []string) (used int, err error) {
	for j := 0; j < len(group); j++ {
		c := group[j]
		switch c {
		case 'n':
			o.dryRun = true
			continue
		case 'v':
			o.verbosity = verbose
			continue
		case 'h':
			o.help = true
			continue
		}
		if !strings.ContainsRune("dfjkltwC", rune(c)) {
			return 0, &errUsage{fmt.Sprintf("invalid option -- '%c'", c)}
		}
		value := group[j+1:]
		if value == "" {
			if len(rest) == 0 {
				return 0, &errUsage{fmt.Sprintf("option requires an argument -- '%c'", c)}
			}
			value, used = rest[0], 1
		}
		return used, o.value(c, value)
	}
	return 0, nil
}

// value takes an option with an argument.
func (o *options) value(c byte, v string) error {
	switch c {
	case 'C':
		o.dir = v
	case 'f':
		o.file = v
	case 't':
		o.tool = v
	case 'j':
		n, err := strconv.Atoi(v)
		if err != nil || n < 0 {
			return fmt.Errorf("invalid -j parameter")
		}
		if o.jobs, o.jobsGiven = n, true; n == 0 || n > unlimited {
			o.jobs = unlimited
		}
	case 'k':
		n, err := strconv.Atoi(v)
		if err != nil {
			return fmt.Errorf("-k parameter not numeric; did you mean -k 0?")
		}
		o.failures = max(n, 0)
	case 'l':
		f, err := strconv.ParseFloat(v, 64)
		if err != nil {
			return fmt.Errorf("-l parameter not numeric: did you mean -l 0.0?")
		}
		o.maxLoad = f
	case 'd':
		return o.debug(v)
	case 'w':
		return o.warning(v)
	}
	return nil
}

const debugModes = `debugging modes:
  stats        print operation counts/timing info
  explain      explain what caused a command to execute
  keepdepfile  don't delete depfiles after they're read by ninja
  keeprsp      don't delete @response files on success
multiple modes can be enabled via -d FOO -d BAR
`

func (o *options) debug(mode string) error {
	switch mode {
	case "list":
		return &errExit{debugModes, 1}
	case "stats":
		o.stats = true
	case "explain":
		o.explain = true
	case "keepdepfile":
		o.keepDepfile = true
	case "keeprsp":
		o.keepRsp = true
	case "nostatcache": // there is none to do without
	default:
		return &errFlag{fmt.Sprintf("unknown debug setting '%s'%s", mode, didYouMean(mode, "stats", "explain", "keepdepfile", "keeprsp", "nostatcache"))}
	}
	return nil
}

const warningFlags = `warning flags:
  phonycycle={err,warn}  phony build statement references itself
`

func (o *options) warning(flag string) error {
	switch flag {
	case "list":
		return &errExit{warningFlags, 1}
	case "phonycycle=err":
		o.phonyCycleErr = true
	case "phonycycle=warn":
		o.phonyCycleErr = false
	case "dupbuild=err", "dupbuild=warn", "depfilemulti=err", "depfilemulti=warn": // of old Ninjas
		name, _, _ := strings.Cut(flag, "=")
		o.deprecated = append(o.deprecated, name)
	default:
		return &errFlag{fmt.Sprintf("unknown warning flag '%s'%s", flag, didYouMean(flag, "phonycycle=err", "phonycycle=warn"))}
	}
	return nil
}

const usage = `usage: ninja [options] [targets...]

if targets are unspecified, builds the 'default' target (see manual).

options:
  --version      print ninja version ("%s")
  -v, --verbose  show all command lines while building
  --quiet        don't show progress status, just command output

  -C DIR   change to DIR before doing anything else
  -f FILE  specify input build file [default=build.ninja]

  -j N     run N jobs in parallel (0 means infinity) [default=%d on this system]
  -k N     keep going until N jobs fail (0 means infinity) [default=1]
  -l N     do not start new jobs if the load average is greater than N
  -n       dry run (don't run commands but act like they succeeded)

  --mtime     run what has a touched input, and what uses its outputs, whatever
              they hold (not in Ninja)
  --mem SIZE  start together only what fits in SIZE of memory, going by what
              commands needed before (8G, 50%%, none) [default=75%%] (not in Ninja)

  -d MODE  enable debugging (use '-d list' to list modes)
  -t TOOL  run a subtool (use '-t list' to list subtools)
    terminates toplevel options; further flags are passed to the tool
  -w FLAG  adjust warnings (use '-w list' to list warnings)
`
