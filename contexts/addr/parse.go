package addr

import (
	"fmt"
	"slices"
	"strings"
)

// Parse reads any address, in either spelling.
func Parse(s string) (Addr, error) {
	a, err := parse(s)
	if err != nil {
		return nil, fmt.Errorf("address %q: %w", s, err)
	}
	return a, nil
}

// ParseContext reads the address of a context: app, app@5.3 or
// context.app["5.3"].
func ParseContext(s string) (Context, error) {
	a, err := Parse(s)
	if err != nil {
		return Context{}, err
	}
	c, ok := a.(Context)
	if !ok {
		return Context{}, fmt.Errorf("address %q: this does not name a context", s)
	}
	return c, nil
}

func parse(s string) (Addr, error) {
	if s == "" {
		return nil, fmt.Errorf("an address cannot be empty")
	}
	// No name contains a dot, so these prefixes can start nothing else.
	if root, _, ok := strings.Cut(s, "."); ok {
		switch root {
		case "context", "toolchain", "source", "local", "var":
			return parseExpr(s)
		}
	}
	if rest, ok := strings.CutPrefix(s, BuildDir+"/"); ok {
		return parseArtifact(rest)
	}
	if ctx, rest, ok := strings.Cut(s, "//"); ok {
		return parseInDir(ctx, rest)
	}
	if ctx, rest, ok := strings.Cut(s, ":"); ok {
		return parsePublic(ctx, rest)
	}
	if strings.Contains(s, "/") {
		return nil, fmt.Errorf("a directory is written //%s, a built file %s/CONTEXT/PATH", s, BuildDir)
	}
	return parseContext(s)
}

func parseContext(s string) (Context, error) {
	name, key, keyed := strings.Cut(s, "@")
	if err := checkName("context's name", name); err != nil {
		return Context{}, err
	}
	if keyed {
		if err := checkKey(key); err != nil {
			return Context{}, err
		}
	}
	return Context{Name: name, Key: key}, nil
}

func parseArtifact(s string) (Addr, error) {
	ctx, path, _ := strings.Cut(s, "/")
	c, err := parseContext(ctx)
	if err != nil {
		return nil, err
	}
	if c.IsAll() {
		return nil, fmt.Errorf("a path has no wildcard: name one instance of %s", c.Name)
	}
	path = strings.TrimSuffix(path, "/")
	if err := checkDir(path); err != nil {
		return nil, err
	}
	return Artifact{Context: c, Path: path}, nil
}

func parsePublic(ctx, rest string) (Addr, error) {
	c, err := parseContext(ctx)
	if err != nil {
		return nil, err
	}
	kind, name, ok := strings.Cut(rest, ".")
	if !Kind(kind).isGoal() {
		return nil, fmt.Errorf("unknown kind %q after %q; there are %s", kind, ctx+":", list(goalKinds()))
	}
	if !ok || name == "" {
		return nil, fmt.Errorf("the name after \"%s:%s.\" is missing", ctx, kind)
	}
	if err := checkDir(name); err != nil {
		return nil, fmt.Errorf("invalid name: %w", err)
	}
	return Public{Context: c, Kind: Kind(kind), Name: name}, nil
}

func parseInDir(ctx, rest string) (Addr, error) {
	var c Context
	if ctx != "" {
		var err error
		if c, err = parseContext(ctx); err != nil {
			return nil, err
		}
	}
	dir, block, isBlock := strings.Cut(rest, ":")
	recursive := false
	if !isBlock {
		if dir == "..." {
			dir, recursive = "", true
		} else if d, ok := strings.CutSuffix(dir, "/..."); ok {
			if d == "" {
				return nil, checkDir(dir)
			}
			dir, recursive = d, true
		}
	}
	if err := checkDir(dir); err != nil {
		return nil, err
	}
	if !isBlock {
		return Directory{Context: c, Dir: dir, Recursive: recursive}, nil
	}
	t, err := parseBlock(block)
	if err != nil {
		return nil, err
	}
	t.Context, t.Dir = c, dir
	return t, nil
}

// parseBlock reads KIND.NAME[@KEY].
func parseBlock(s string) (Target, error) {
	s, key, keyed := strings.Cut(s, "@")
	if keyed {
		if err := checkKey(key); err != nil {
			return Target{}, err
		}
	}
	kind, name, named := strings.Cut(s, ".")
	if !slices.Contains(BlockKinds(), BlockKind(kind)) {
		return Target{}, fmt.Errorf("unknown kind of block %q; there are %s", kind, list(BlockKinds()))
	}
	switch {
	case !named && BlockKind(kind) == BlockInstall:
	case name == "":
		return Target{}, fmt.Errorf("the name after %q is missing", kind+".")
	case !ValidKey(name):
		// Readers of other build files name blocks after files (gen.ml),
		// so a name is as wide here as a key.
		return Target{}, fmt.Errorf("invalid name %q of a block", name)
	}
	return Target{Kind: BlockKind(kind), Name: name, Key: key}, nil
}

func goalKinds() []Kind {
	return slices.DeleteFunc(Kinds(), func(k Kind) bool { return !k.isGoal() })
}

// list spells alternatives: a, b and c.
func list[S ~string](names []S) string {
	var b strings.Builder
	for i, n := range names {
		switch {
		case i == 0:
		case i == len(names)-1:
			b.WriteString(" and ")
		default:
			b.WriteString(", ")
		}
		b.WriteString(string(n))
	}
	return b.String()
}
