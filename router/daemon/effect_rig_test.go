package daemon_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/daemon"
)

// effectConfig is the n-th revision of the configuration, with these prices.
// An order's edition says which action bills it, and how patiently.
func effectConfig(address, stripe string, n, prices int) string {
	var routes strings.Builder
	for _, e := range []struct{ edition, action, timeout, retry string }{
		{"BILLING", "billing.create_subscription", "500ms", `initial = "20ms"`},
		{"CHARGES", "charges.create", "500ms", `initial = "20ms"`},
		{"BILLING_ONCE", "billing.create_subscription", "10s", `attempts = 1`},
		{"CHARGES_ONCE", "charges.create", "10s", `attempts = 1`},
		{"CHARGES_FORGOTTEN", "charges.create_forgotten", "300ms", `initial = "20ms"`},
	} {
		fmt.Fprintf(&routes, `
route "%[1]s" {
  from = [source.appdirect.market]
  on   = ["SUBSCRIPTION_ORDER"]
  when = event.payload.order.editionCode == "%[1]s"
  deliver "effect" {
    to      = plugin.%[2]s
    timeout = "%[3]s"
    with    = { email = event.attributes.creator.email, name = "Revision {n}", price = "PRO" }
    retry {
      %[4]s
    }
  }
  reply { accountIdentifier = deliver.effect.customer_id }
}
`, e.edition, e.action, e.timeout, e.retry)
	}
	return strings.NewReplacer("{listen}", address, "{stripe}", stripe, "{n}", fmt.Sprint(n), "{prices}", fmt.Sprint(prices)).Replace(`
listen     = "{listen}"
public_url = "{public}"
state_dir  = "{dir}/state"

source "appdirect" "market" {
  path         = "/appdirect"
  marketplaces = ["{market}"]
  oauth1 {
    consumer_key    = "gizmo-12056"
    consumer_secret = "consumer-secret-9f2c"
  }
}

plugin "billing" {
  use = "billing"
  config {
    secret_key      = "sk_test_4eC39HqLyjWDarjtT1zdp7dc"
    test_secret_key = "sk_test_revision{n}"
    base_url        = "{stripe}"
    prices          = { PRO = "price_{prices}" }
  }
}

plugin "charges" {
  exec = "{self}"
  args = ["effect-plugin", "{stripe}"]
  config { revision = "{n}" }
}
` + routes.String())
}

// effectRig is a daemon that bills at a counterpart.
type effectRig struct {
	*rig
	counterpart *counterpart
	revision    int // of the configuration
	prices      int // the generation of the billing plugin's prices
}

func newEffectRig(t *testing.T) *effectRig {
	r := &effectRig{rig: newRig(t, ""), counterpart: newCounterpart(t)}
	t.Cleanup(r.stop)
	r.revise(t)
	return r
}

// revise writes the next revision of the configuration.
func (r *effectRig) revise(t *testing.T) {
	t.Helper()
	r.revision++
	r.configure(t, effectConfig(strings.TrimPrefix(r.public, "http://"), r.counterpart.URL, r.revision, r.prices))
}

// reload puts the next revision in force.
func (r *effectRig) reload(t *testing.T) {
	t.Helper()
	r.revise(t)
	if diags, err := r.Reload(t.Context(), false); err != nil {
		t.Fatalf("%v\n%s", err, written(t, diags))
	}
}

// socket is the admin socket of whichever daemon lives.
func (r *effectRig) socket() string { return daemon.AdminSocket("", filepath.Join(r.dir, "state")) }

// order has the marketplace order an edition. Nobody waits for the answer.
func (r *effectRig) order(t *testing.T, edition, token string) {
	t.Helper()
	page := page{body: strings.NewReplacer(`"PRO"`, `"`+edition+`"`, "ada@", token+"@").Replace(r.market.order(""))}
	r.market.has(token, page)
	notice := r.notice(t, "/appdirect", token)
	told := make(chan struct{})
	t.Cleanup(func() { <-told })
	go func() {
		defer close(told)
		if resp, err := r.client.Do(notice); err == nil {
			resp.Body.Close()
		}
	}()
}

// becomes waits until the one delivery of a token's event has this status, and
// all that is known of it is in the journal.
func (r *effectRig) becomes(t *testing.T, token string, want router.Status) router.Record {
	t.Helper()
	var found router.Record
	r.eventually(t, func() error {
		records, err := r.Events(t.Context(), router.Query{Limit: 1000})
		if err != nil {
			return err
		}
		for _, rec := range records {
			if rec.Event.Notice.Token != token {
				continue
			}
			if len(rec.State.Deliveries) == 1 && rec.State.Deliveries[0].Status == want && rec.State.Phase != router.Open {
				found = rec
				return nil
			}
			return fmt.Errorf("the event of %s is %s with %+v", token, rec.State.Phase, rec.State.Deliveries)
		}
		return fmt.Errorf("the journal has no event of the token %s", token)
	})
	return found
}
