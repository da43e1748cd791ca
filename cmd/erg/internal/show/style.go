package show

// A style is a Select Graphic Rendition sequence.
type style string

const (
	bold   style = "\x1b[1m"
	dim    style = "\x1b[2m"
	red    style = "\x1b[1;31m"
	green  style = "\x1b[32m"
	yellow style = "\x1b[33m"
	cyan   style = "\x1b[36m"

	reset = "\x1b[0m"
)

// paint is whether to use styles at all.
type paint bool

// in returns s in a style.
func (p paint) in(st style, s string) string {
	if !p || s == "" || st == "" {
		return s
	}
	return string(st) + s + reset
}
