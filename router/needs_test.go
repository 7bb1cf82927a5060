package router_test

import (
	"testing"

	"github.com/signalbox/signalbox/router"
)

func TestNeedsSource(t *testing.T) {
	for name, c := range map[string]struct {
		state router.State
		want  bool
	}{
		"a blind notice":                     {router.State{Phase: router.Noticed, Told: router.ToldLater, Blind: true}, true},
		"its caller waits":                   {router.State{Phase: router.Open}, true},
		"its caller is called back":          {router.State{Phase: router.Open, Told: router.ToldLater}, true},
		"nobody is called back":              {router.State{Phase: router.Open, Late: router.LateAccepted}, false},
		"nobody is, but for a blind notice":  {router.State{Phase: router.Open, Late: router.LateAccepted, Blind: true, Told: router.ToldLater}, true},
		"its caller was told it is accepted": {router.State{Phase: router.Open, Told: router.ToldAccepted}, false},
		"held":                               {router.State{Phase: router.Held, Told: router.ToldLater}, true},
		"held, and told all there is":        {router.State{Phase: router.Held, Told: router.ToldAccepted}, false},
		"a callback is due":                  {router.State{Phase: router.Settled, Told: router.ToldLater}, true},
		"the callback was taken":             {router.State{Phase: router.Settled, Told: router.ToldLater, Callback: router.Callback{Status: router.CallbackConfirmed}}, false},
		"replied, with deliveries left":      {router.State{Phase: router.Settled, Told: router.ToldReplied, Deliveries: []router.Delivery{{Status: router.Parked}}}, false},
		"resolved elsewhere":                 {router.State{Phase: router.Elsewhere}, false},
		"discarded":                          {router.State{Phase: router.Discarded, Told: router.ToldLater}, false},
	} {
		if got := c.state.NeedsSource(); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
