// Package ninja reads build.ninja files: the whole language of Ninja 1.13,
// with dyndep files and what Ninja does to the output of cl /showIncludes.
//
// It turns text into a [Graph] and answers questions about it. It knows neither
// the engine nor the file system: files come from a function that the caller
// passes, and nothing is ever run or looked at. A Graph is immutable once it
// was read, and any number of goroutines may use it.
//
// # Shape
//
// Real graphs have a million edges, so that there is no object per edge and
// none per file. Everything is numbered, what belongs to a number is kept in
// arrays without pointers, and bytes live in an arena:
//
//	Edge → rule, scope, pool, position, ranges of links and of bindings
//	Node → range of the arena (its path), the edge that makes it
//	Rule → ranges of pieces: text or the name of a variable
//
// Commands are not stored: [Graph.Command] evaluates one when it is asked for.
//
// # How to read it
//
// graph.go holds the arrays and their accessors; scope.go the lookup of
// variables, the subtlest part of the language; lexer.go, parser.go, rule.go and
// build.go go from bytes to arrays; query.go has what needs the whole graph (who uses
// a file, roots, order, cycles). Beside them stand dyndep.go, showincludes.go,
// path.go (canonical paths and quoting) and shell.go, which says whether a command
// needs a shell at all. DESIGN.md says why, and what it costs.
//
// # Differences from Ninja
//
// Deliberate, all of them about files that no generator writes: a NUL byte is an
// error where Ninja silently ends the file; includes nest a thousand deep at
// most and variables expand to 16 MiB at most; a cycle among the variables of a rule is reported when the file has been
// read, not when the command runs; a pool's depth must be a number, as it must from
// Ninja 1.14 on; and a phony that is nothing but its own
// input, which is dropped, leaves a root of the graph behind.
package ninja
