package action

// A Foreign is what is special about an action of a graph that was written
// for another build system. Such an action runs in place and may read what it
// does not declare; so what it made is good for the same place only. Its
// outputs may lie anywhere and are not removed before it runs; it may leave
// them as they are, or make none of them.
//
// Of the Spec, Argv, Stdin, Stdout and Sandbox are not used. Without Env it
// has the environment of the session's foreign actions; tokens in Env become
// absolute paths. If Dir lies below the
// build directory, what is there and no action makes counts as sources do:
// whoever wrote the graph also wrote files beside it.
type Foreign struct {
	// Command is for a shell. It takes the place of argv in the key.
	Command string
	// Description is shown in place of the command; "" for the command. Not
	// part of the key.
	Description string

	// Phony runs nothing: its outputs stand for its inputs. One without
	// inputs stands for the files of its outputs' names, and is never up to
	// date where there are none.
	Phony bool
	// Generator is not run because its command changed, nor when what it
	// made is newer than what it reads: people run generators by hand.
	Generator bool
	// Restat: an output that was absent and stays so is as it was. (For
	// others, content tells.)
	Restat bool
	// Mtime makes time count beside content, as for other build systems: a
	// touched input is another one, and whoever uses an output runs whenever
	// this action did. With Restat, an output that it did not touch is as it
	// was.
	Mtime bool
	// Console gives the process erg's own standard streams.
	Console bool

	// Rspfile is a file that holds RspContent while the process runs. It is
	// kept after a failure.
	Rspfile, RspContent string
	// KeepDepfile leaves the depfile where it is.
	KeepDepfile bool
	// Includes is the prefix of lines in which the process prints what it
	// read; "" if it does not print that. See Hooks.
	Includes string
}

// Hooks are what the reader of another build system's graph knows of its
// commands.
type Hooks struct {
	// Split cuts a command into the argv of one program and the directory to
	// run it in, where that is possible, to save the shell; nil never does.
	Split func(command string) (dir string, argv []string, ok bool)
	// Includes takes what was read out of what a process printed, in lines
	// that begin with prefix.
	Includes func(output []byte, prefix string) (rest []byte, includes []string)
}

// manifest is the part of the manifest that stands for the command line.
func (f *Foreign) manifest() Manifest {
	if f.Generator {
		return Manifest{{"generator", "", "yes"}}
	}
	m := Manifest{{"argument", "0", f.Command}}
	if f.Rspfile != "" {
		m = append(m, Line{"response file", f.Rspfile, f.RspContent})
	}
	return m
}
