package ninjacmd

// What tools print for -h, and when their options are wrong.
const (
	cleanUsage = `usage: ninja -t clean [options] [targets]

options:
  -g     also clean files marked as ninja generator output
  -r     interpret targets as a list of rules to clean instead
`
	commandsUsage = `usage: ninja -t commands [options] [targets]

options:
  -s     only print the final command to build [target], not the whole chain
`
	inputsUsage = `Usage '-t inputs [options] [targets]

List all inputs used for a set of targets, sorted in dependency order.
Note that by default, results are shell escaped, and sorted alphabetically,
and never include validation target paths.

Options:
  -h, --help          Print this message.
  -0, --print0            Use \0, instead of \n as a line terminator.
  -E, --no-shell-escape   Do not shell escape the result.
  -d, --dependency-order  Sort results by dependency order.
`
	multiInputsUsage = `Usage '-t multi-inputs [options] [targets]

Print one or more sets of inputs required to build targets, sorted in dependency order.
The tool works like inputs tool but with addition of the target for each line.
The output will be a series of lines with the following elements:
<target> <delimiter> <input> <terminator>
Note that a given input may appear for several targets if it is used by more than one targets.
Options:
  -h, --help                   Print this message.
  -d  --delimiter=DELIM        Use DELIM instead of TAB for field delimiter.
  -0, --print0                 Use \0, instead of \n as a line terminator.
`
	rulesUsage = `usage: ninja -t rules [options]

options:
  -d     also print the description of the rule
  -h     print this message
`
	compdbUsage = `usage: ninja -t compdb [options] [rules]

options:
  -x     expand @rspfile style response file invocations
`
	compdbTargetsUsage = `usage: ninja -t compdb-targets [-hx] target [targets]

options:
  -h     display this help message
  -x     expand @rspfile style response file invocations
`
	restatUsage = `usage: ninja -t restat [--builddir=DIR] [outputs]
`
	statsUsage = `usage: ninja -t stats [options]

options:
  -n, --top=N   show at most N of each list (10); 0 for all
  -j, --json    print JSON
`
	msvcUsage = `usage: ninja -t msvc [options] -- cl.exe /showIncludes /otherArgs
options:
  -e ENVFILE load environment block from ENVFILE as environment
  -o FILE    write output dependency information to FILE.d
  -p STRING  localized prefix of msvc's /showIncludes output
`
	browseUsage = `usage: ninja -t browse [-h] [--port PORT] [--hostname HOSTNAME] [--no-browser] [initial_target]

Show the build graph on web pages.

options:
  -h, --help               show this help message and exit
  -p, --port PORT          Port number to use (default 8000; 0 for any that is free)
  -a, --hostname HOSTNAME  Hostname to bind to (default localhost)
  --no-browser             Do not open a webbrowser on startup.
`
)
