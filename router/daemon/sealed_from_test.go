package daemon

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/internal/seal"
)

// TestSealedFrom: which events can't go on without the key.
func TestSealedFrom(t *testing.T) {
	keys := func(letter string) seal.Keys {
		k, err := seal.Parse(router.NewSecret([]byte(base64.StdEncoding.EncodeToString([]byte(strings.Repeat(letter, 32))))))
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	schema := &router.Schema{Attrs: []router.Attr{{Name: "token", Type: json.RawMessage(`"string"`), Sensitive: true}}}
	sealed := seal.NewVault(keys("a")).Seal(schema, json.RawMessage(`{"token":"hunter2"}`))
	plain := json.RawMessage(`{}`)
	gave := router.Delivery{Name: "r/a", Status: router.DoneSucceeded, Input: plain, Output: sealed}
	for name, tc := range map[string]struct {
		state router.State
		want  bool
	}{
		"settled, and done":        {router.State{Phase: router.Settled, Deliveries: []router.Delivery{gave}}, false},
		"settled, one still reads": {router.State{Phase: router.Settled, Deliveries: []router.Delivery{gave, {Name: "r/b", Optional: true, Status: router.Waiting}}}, true},
		"settled, one has read":    {router.State{Phase: router.Settled, Deliveries: []router.Delivery{gave, {Name: "r/b", Optional: true, Status: router.Parked, Input: plain}}}, false},
		"settled, one was given":   {router.State{Phase: router.Settled, Deliveries: []router.Delivery{{Name: "r/b", Optional: true, Status: router.Parked, Input: sealed}}}, true},
		"open":                     {router.State{Phase: router.Open, Deliveries: []router.Delivery{gave}}, true},
		"held":                     {router.State{Phase: router.Held, Deliveries: []router.Delivery{gave}}, true},
	} {
		t.Run(name, func(t *testing.T) {
			tc.state.Told, tc.state.Verdict = router.ToldReplied, &router.Verdict{Kind: router.Success}
			if got := (&loaded{keys: keys("b")}).sealedFrom(&tc.state); got != tc.want {
				t.Errorf("without the key it says %v", got)
			}
			if (&loaded{keys: keys("a")}).sealedFrom(&tc.state) {
				t.Error("with the key it can't go on")
			}
		})
	}
}
