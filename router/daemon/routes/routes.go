package routes

import (
	"context"
	"fmt"

	"github.com/rs/zerolog"

	"github.com/signalbox/signalbox/router/daemon"
	"github.com/signalbox/signalbox/router/internal/config"
)

// What is said of a route.
type (
	// Route is a route as its operator wrote it.
	Route    = config.RouteText
	Delivery = config.DeliveryText
	// RouteAnswer is what a route does with an event.
	RouteAnswer    = config.RouteAnswer
	DeliveryAnswer = config.DeliveryAnswer
	Value          = config.Value
	Reason         = config.Reason
	Seen           = config.Seen
)

// Routes are the routes of one configuration.
type Routes struct {
	inspected *daemon.Inspection
	explainer *config.Explainer
}

// Open loads the configuration at path, a file or a directory, with these of its
// variables set. The Routes are nil if there is an error among the diagnostics.
func Open(ctx context.Context, path string, variables map[string]string, log zerolog.Logger) (*Routes, *daemon.Diagnostics, error) {
	inspected, diags, err := daemon.Inspect(ctx, path, variables, log)
	if inspected == nil {
		return nil, diags, err
	}
	explainer, err := config.Explain(inspected.Config)
	if err != nil {
		return nil, diags, fmt.Errorf("explaining the routes: %w", err)
	}
	return &Routes{inspected: inspected, explainer: explainer}, diags, nil
}

// List gives the routes in file order.
func (r *Routes) List() []Route { return r.explainer.Routes() }
