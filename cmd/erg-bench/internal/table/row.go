// Package table holds what a benchmark found, and shows it.
package table

import (
	"fmt"
	"time"

	"erg.build/erg/cmd/erg-bench/internal/measure"
)

// A Table is the outcome of one run.
type Table struct {
	Date    string            `json:"date"`
	Machine measure.Machine   `json:"machine"`
	Peers   map[string]string `json:"peers"` // program to version
	Rows    []Row             `json:"rows"`
}

// A Unit is that of a row's figures.
type Unit string

// The units.
const (
	Time         Unit = "s"
	Memory       Unit = "B"
	Instructions Unit = "instructions"
)

// A Row compares erg with a peer at some work.
type Row struct {
	Work string `json:"work"`
	Peer string `json:"peer"`
	Unit Unit   `json:"unit"`

	// Erg and PeerHas are medians, in the row's unit; 0 when not measured.
	Erg     float64 `json:"erg,omitempty"`
	PeerHas float64 `json:"peerHas,omitempty"`

	Reach   Reach  `json:"reach,omitzero"`
	Missing string `json:"missing,omitempty"` // why there are no figures
}

// A Reach is what a row is to attain; without one, a row is for information.
type Reach struct {
	Ratio float64 `json:"ratio,omitempty"` // at most so much of what the peer has
	Most  float64 `json:"most,omitempty"`  // at most so much, whatever the peer has
}

// Ratio returns what erg has in terms of the peer.
func (r Row) Ratio() float64 { return r.Erg / r.PeerHas }

// Met reports whether a row reaches what it is to.
func (r Row) Met() bool {
	switch {
	case r.Missing != "":
		return false
	case r.Reach.Ratio > 0:
		return r.Ratio() <= r.Reach.Ratio
	case r.Reach.Most > 0:
		return r.Erg <= r.Reach.Most
	}
	return true
}

func (r Reach) text(u Unit) string {
	switch {
	case r.Ratio > 0:
		return fmt.Sprintf("≤ %.2g", r.Ratio)
	case r.Most > 0:
		return "≤ " + u.format(r.Most)
	}
	return ""
}

// cells returns the columns of a row.
func (r Row) cells() []string {
	reach := r.Reach.text(r.Unit)
	if r.Missing != "" {
		return []string{r.Work, r.Peer, "", "", "", reach, r.Missing}
	}
	met := ""
	if reach != "" {
		met = map[bool]string{true: "yes", false: "no"}[r.Met()]
	}
	return []string{r.Work, r.Peer, r.Unit.format(r.Erg), r.Unit.format(r.PeerHas), fmt.Sprintf("%.2f", r.Ratio()), reach, met}
}

var heads = []string{"work", "peer", "erg", "peer has", "ratio", "reach", "met"}

// format formats a figure with three digits or so.
func (u Unit) format(v float64) string {
	switch u {
	case Time:
		d := time.Duration(v * float64(time.Second))
		switch {
		case d < 100*time.Millisecond:
			return fmt.Sprintf("%.1f ms", v*1e3)
		case d < time.Second:
			return fmt.Sprintf("%.0f ms", v*1e3)
		}
		return fmt.Sprintf("%.2f s", v)
	case Memory:
		if v < 1e9 {
			return fmt.Sprintf("%.0f MB", v/1e6)
		}
		return fmt.Sprintf("%.2f GB", v/1e9)
	}
	return fmt.Sprintf("%.1f M", v/1e6)
}
