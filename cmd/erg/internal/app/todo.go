package app

import (
	"context"
	"errors"

	"erg.build/erg/cmd/erg/internal/cli"
	"erg.build/erg/contexts/graph"
)

var errLater = errors.New("not yet")

func (App) Graph(context.Context, cli.Common, cli.GraphOptions) (*graph.Graph, error) {
	return nil, errLater
}
