package routes

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/daemon/operator"
	"github.com/signalbox/signalbox/router/internal/config"
)

// planned is the plan of a configuration whose source "test.shop" sends orders,
// and whose plugin "crm" takes them.
func planned(t testing.TB, routes string) *Plan {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.hcl")
	if err := os.WriteFile(path, []byte("source \"test\" \"shop\" { path = \"/shop\" }\nplugin \"crm\" { use = \"crm\" }\n"+routes), 0o600); err != nil {
		t.Fatal(err)
	}
	text := func(name string) router.Attr { return router.Attr{Name: name, Type: json.RawMessage(`"string"`)} }
	pin := text("pin")
	pin.Sensitive = true
	needed := text("name")
	needed.Required = true
	c, diags := config.Load(t.Context(), path, config.Env{
		Sources: map[string]router.SourceKind{"test": {Name: "test", Types: []string{"ORDER", "CANCEL"}, Reply: router.Schema{Attrs: []router.Attr{text("id")}}}},
		Describe: func(context.Context, config.Plugin) (router.PluginInfo, error) {
			return router.PluginInfo{Name: "crm", Actions: []router.Action{
				{Name: "upsert", Input: router.Schema{Attrs: []router.Attr{needed, pin, text("note")}}, Output: router.Schema{Attrs: []router.Attr{text("id")}}},
				{Name: "remove", Input: router.Schema{Attrs: []router.Attr{text("name"), text("pin")}}},
			}}, nil
		},
		Getenv:   func(string) (string, bool) { return "", false },
		StateDir: t.TempDir(),
	})
	if diags.HasErrors() {
		t.Fatalf("loading failed: %s", diags.JSON())
	}
	p, err := PlanOf(&operator.Plan{Digest: c.Plan.Digest, Snapshot: c.Snapshot, Sources: []operator.PlanSource{{Name: "test.shop"}}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// order is a story of an ORDER of which these deliveries have succeeded.
func order(payload string, succeeded ...operator.Delivery) *operator.Story {
	s := &operator.Story{
		Event:   operator.Event{ID: "0198-order", Source: "test.shop", Type: "ORDER", Lane: "l", Received: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)},
		Payload: json.RawMessage(payload), Attributes: json.RawMessage(`{}`),
	}
	for _, d := range succeeded {
		d.Status = string(router.DoneSucceeded)
		s.Deliveries = append(s.Deliveries, d)
	}
	return s
}

// backtested is a route that upserts a company, with this in the blocks.
func backtested(with, more string) string {
	return fmt.Sprintf(`
route "order" {
  from = [source.test.shop]
  on   = ["ORDER"]
  deliver "company" {
    to   = plugin.crm.upsert
    with = { %s }
  }
  %s
}
`, with, more)
}

func TestBacktestSaysWhatDiffers(t *testing.T) {
	const payload = `{"name":"Acme","pin":"1234"}`
	const byName = `name = event.payload.name`
	const needs = `deliver "note" {
    to   = plugin.crm.upsert
    with = { name = deliver.company.%s }
  }`
	done := operator.Delivery{Name: "order/company", Plugin: "crm", Action: "upsert", Output: json.RawMessage(`{"id":"c-1"}`)}
	company := func(d DeliveryDifference) Difference {
		d.Name, d.To = "order/company", "crm.upsert"
		if d.Change == "" {
			d.Change = "changed"
		}
		return Difference{Deliveries: []DeliveryDifference{d}}
	}
	raw := func(v string) json.RawMessage { return json.RawMessage(v) }
	for name, tc := range map[string]struct {
		now, next string
		story     *operator.Story
		want      Difference
	}{
		"nothing":      {backtested(byName, ""), "# below\n" + backtested(byName, ""), order(payload), Difference{}},
		"an input":     {backtested(byName, ""), backtested(`name = upper(event.payload.name)`, ""), order(payload), company(DeliveryDifference{Input: []ValueDifference{{Name: "name", Now: raw(`"Acme"`), New: raw(`"ACME"`)}}})},
		"one more":     {backtested(byName, ""), backtested(byName+`, note = "n"`, ""), order(payload), company(DeliveryDifference{Input: []ValueDifference{{Name: "note", New: raw(`"n"`)}}})},
		"one less":     {backtested(byName+`, note = "n"`, ""), backtested(byName, ""), order(payload), company(DeliveryDifference{Input: []ValueDifference{{Name: "note", Now: raw(`"n"`)}}})},
		"a hidden one": {backtested(byName+`, pin = event.payload.pin`, ""), backtested(byName+`, pin = "9876"`, ""), order(payload), company(DeliveryDifference{Input: []ValueDifference{{Name: "pin", Now: router.Covered(), New: router.Covered(), Sensitive: true}}})},
		"hidden on one side": {backtested(byName+`, pin = event.payload.pin`, ""), strings.Replace(backtested(byName+`, pin = "9876"`, ""), "crm.upsert", "crm.remove", 1), order(payload),
			Difference{Deliveries: []DeliveryDifference{{Name: "order/company", To: "crm.remove", Was: "crm.upsert", Change: "changed", Input: []ValueDifference{{Name: "pin", Now: router.Covered(), New: router.Covered(), Sensitive: true}}}}}},
		"the same hidden one": {backtested(byName+`, pin = event.payload.pin`, ""), backtested(byName+`, pin = "1234"`, ""), order(payload), Difference{}},
		"an output": {backtested(byName, fmt.Sprintf(needs, "id")), backtested(byName, fmt.Sprintf(needs, `id == "c-1" ? "first" : "other"`)), order(payload, done),
			Difference{Deliveries: []DeliveryDifference{{Name: "order/note", To: "crm.upsert", Change: "changed", Input: []ValueDifference{{Name: "name", Now: raw(`"c-1"`), New: raw(`"first"`)}}}}}},
		"an output that nobody knows": {backtested(byName, fmt.Sprintf(needs, "id")), backtested(byName, strings.ReplaceAll(fmt.Sprintf(needs, "id"), "deliver.company.id", `"c-${deliver.company.id}"`)), order(payload),
			Difference{Deliveries: []DeliveryDifference{{Name: "order/note", To: "crm.upsert", Change: "changed", Input: []ValueDifference{{
				Name: "name", Expression: &TextDifference{Now: "deliver.company.id", New: `"c-${deliver.company.id}"`}, DependsOn: []string{"company"},
			}}}}}},
		"the same output that nobody knows": {backtested(byName, fmt.Sprintf(needs, "id")), backtested(byName, fmt.Sprintf(needs, "id")), order(payload), Difference{}},
		"a delivery more": {backtested(byName, ""), backtested(byName, `on_failure {
    deliver "undo" { to = plugin.crm.remove }
  }`), order(payload), Difference{Deliveries: []DeliveryDifference{{Name: "order/undo", To: "crm.remove", Change: "gained", OnFailure: true}}}},
		"skipped":        {backtested(byName, ""), strings.Replace(backtested(byName, ""), `to   =`, "when = event.payload.name != \"Acme\"\n to =", 1), order(payload), company(DeliveryDifference{Change: "lost"})},
		"another action": {backtested(byName, ""), strings.Replace(backtested(byName, ""), `crm.upsert`, `crm.remove`, 1), order(payload), Difference{Deliveries: []DeliveryDifference{{Name: "order/company", To: "crm.remove", Was: "crm.upsert", Change: "changed"}}}},
		"optional":       {backtested(byName, ""), strings.Replace(backtested(byName, ""), `to   =`, "optional = true\n to =", 1), order(payload), company(DeliveryDifference{Standing: &TextDifference{Now: "required", New: "optional"}})},
		"the reply":      {backtested(byName, `reply { id = "1" }`), backtested(byName, `reply { id = event.payload.name }`), order(payload), Difference{Reply: []ValueDifference{{Name: "id", Now: raw(`"1"`), New: raw(`"Acme"`)}}}},
		"no route": {backtested(byName, ""), strings.Replace(backtested(byName, ""), "ORDER", "CANCEL", 1), order(payload), Difference{
			Ends: &TextDifference{New: endUnrouted}, Deliveries: []DeliveryDifference{{Name: "order/company", To: "crm.upsert", Change: "lost"}},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			b := NewBacktest(planned(t, tc.now), planned(t, tc.next), 10)
			b.Add(tc.story)
			var got Difference
			if len(b.Events) > 0 {
				got = b.Events[0]
			}
			differs := tc.want.Ends != nil || len(tc.want.Deliveries)+len(tc.want.Reply) > 0
			if b.Changed > 0 != differs {
				t.Errorf("%d changed", b.Changed)
			}
			if diff := cmp.Diff(tc.want, got, cmpopts.IgnoreFields(Difference{}, "ID", "Received", "Source", "Type", "Flag")); diff != "" {
				t.Errorf("difference (-want +got):\n%s", diff)
			}
		})
	}
}

func TestBacktestCountsFailures(t *testing.T) {
	fails := strings.Replace(backtested(`name = "x"`, ""), `on   =`, "when = event.payload.order.edition == \"FREE\"\n  on =", 1)
	works := backtested(`name = "x"`, "")
	for name, tc := range map[string]struct {
		now, next       string
		failing, change int
	}{
		"newly":                  {works, fails, 1, 1},
		"no more":                {fails, works, 0, 1},
		"as before, lower down":  {fails, "\n\n\n" + fails, 0, 0},
		"an input that is null":  {works, backtested(`name = try(event.payload.nothing, null)`, ""), 1, 1},
		"an input, as before":    {backtested(`name = try(event.payload.nothing, null)`, ""), backtested(`name = try(event.payload.nothing, null)`, ""), 0, 0},
		"a reply that is absent": {works, backtested(`name = "x"`, `reply { id = event.payload.company.uuid }`), 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			b := NewBacktest(planned(t, tc.now), planned(t, tc.next), 10)
			b.Add(order(`{}`))
			if b.Failing != tc.failing || b.Changed != tc.change {
				t.Errorf("%d failing, %d changed: %+v", b.Failing, b.Changed, b.Events)
			}
		})
	}
}

// An order that nobody answers as its protocol wants would be held.
func TestBacktestSeesAReplyThatIsNeeded(t *testing.T) {
	now, next := planned(t, backtested(`name = "x"`, `reply { id = "1" }`)), planned(t, backtested(`name = "x"`, ""))
	needed := map[string]router.SourceKind{"test": {Required: map[string]string{"ORDER": "id"}}}
	now.kinds, next.kinds = needed, needed
	b := NewBacktest(now, next, 1)
	b.Add(order(`{}`))
	want := &TextDifference{New: "a success of it is held: no reply gives id"}
	if b.Failing != 1 || b.Changed != 1 || !cmp.Equal(want, b.Events[0].Ends) {
		t.Errorf("%d failing: %+v", b.Failing, b.Events)
	}
}

func TestBacktestCountsWhatItSkips(t *testing.T) {
	works := planned(t, backtested(`name = "x"`, ""))
	b := NewBacktest(works, planned(t, ""), 0)
	emptied, unfetched, ping, own, foreign := order(`{}`), order(`{}`), order(`{}`), order(`{}`), order(`{}`)
	emptied.Emptied, unfetched.Type, ping.Flag = true, "", "STATELESS"
	own.Source, foreign.Source = router.SourceSelf, "test.gone"
	for _, s := range []*operator.Story{emptied, unfetched, ping, own, foreign, order(`{}`)} {
		b.Add(s)
	}
	if b.Skipped.Emptied != 1 || b.Skipped.Unfetched != 1 || b.Compared != 4 || b.Changed != 1 || b.Unrouted != 1 || len(b.Events) != 0 {
		t.Errorf("got %+v", b)
	}
	b.count()
	if diff := cmp.Diff([]RouteCount{{Name: "order", Change: "removed", Now: 1, Lost: 1}}, b.Routes); diff != "" {
		t.Error(diff)
	}
}

// A value may be the whole event; many of them are kept.
func TestBacktestKeepsLittleOfALongValue(t *testing.T) {
	long := `{"name":"` + strings.Repeat("ä", 5000) + `"}`
	b := NewBacktest(planned(t, backtested(`name = "x"`, "")), planned(t, backtested(`name = event.payload.name`, "")), 1)
	b.Add(order(long))
	value := b.Events[0].Deliveries[0].Input[0].New
	if len(value) > maxValue+20 || !json.Valid(value) || !strings.HasSuffix(string(value), `…"`) {
		t.Errorf("%d bytes: %.50s", len(value), value)
	}
}

// BenchmarkBacktest asks a thousand routes over 20 types about an event, on both
// sides; five take it, and each of them differs.
func BenchmarkBacktest(b *testing.B) {
	var routes strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&routes, `
route "r%d" {
  from = [source.test.shop]
  on   = ["TYPE_%d"]
  when = event.payload.edition == "E%d"
  deliver "company" {
    to   = plugin.crm.upsert
    with = { name = event.payload.name, note = "n" }
  }
}
`, i, i%20, i/100)
	}
	now, next := planned(b, routes.String()), planned(b, strings.ReplaceAll(routes.String(), `"n"`, `"m"`))
	story := order(`{"name":"Acme","edition":"E3"}`)
	story.Type = "TYPE_7"
	b.ReportAllocs()
	for b.Loop() {
		bt := NewBacktest(now, next, 1)
		if bt.Add(story); bt.Changed != 1 || len(bt.Events[0].Deliveries) != 5 {
			b.Fatalf("%+v", bt.Events)
		}
	}
}
