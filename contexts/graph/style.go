package graph

import "hash/fnv"

// A look is how nodes of a kind are drawn.
type look struct {
	fill, stroke string // colours, #rrggbb
	shape        shape
}

type shape int

const (
	rounded  shape = iota // a box with round corners
	box                   // a plain box
	pill                  // a box with round ends
	cylinder              // something stored
	heavy                 // a box with a thick border
)

// looks are those of the kinds that graphs of builds have. The colours are
// light enough for black text and keep apart for the colour-blind by their
// shapes.
var looks = map[string]look{
	"context":    {"#dbe7fb", "#3b6fc4", rounded},
	"toolchain":  {"#fde8d0", "#c77a1d", heavy},
	"output":     {"#d9f2e1", "#2f8f5b", pill},
	"setting":    {"#e8f5d8", "#6c9a2a", pill},
	"variable":   {"#e8f5d8", "#6c9a2a", pill},
	"source":     {"#ece6f8", "#7a57b8", cylinder},
	"file":       {"#f2f2ef", "#8a8a80", box},
	"package":    {"#ece6f8", "#7a57b8", rounded},
	"library":    {"#d7f0f2", "#2b8a94", rounded},
	"executable": {"#fbdfe6", "#bf4668", rounded},
	"rule":       {"#fdf3c9", "#b39018", rounded},
	"ninja":      {"#fdf3c9", "#b39018", rounded},
	"action":     {"#fdf3c9", "#b39018", rounded},
	"test":       {"#f6e0f3", "#a0509a", rounded},
	"install":    {"#eef0f3", "#6e7781", rounded},
}

// palette is for other kinds, by their names.
var palette = []look{
	{"#dbe7fb", "#3b6fc4", rounded},
	{"#fde8d0", "#c77a1d", rounded},
	{"#d9f2e1", "#2f8f5b", rounded},
	{"#ece6f8", "#7a57b8", rounded},
	{"#fbdfe6", "#bf4668", rounded},
	{"#d7f0f2", "#2b8a94", rounded},
}

// lookOf returns the look of a kind; the same name always gives the same.
func lookOf(kind string) look {
	if kind == "" {
		return look{"#f5f5f5", "#7f7f7f", rounded}
	}
	if l, ok := looks[kind]; ok {
		return l
	}
	h := fnv.New32a()
	h.Write([]byte(kind))
	return palette[h.Sum32()%uint32(len(palette))]
}
