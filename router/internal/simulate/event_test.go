package simulate

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/internal/appdirect"
)

// What one marketplace serves can be sent again from another.
func TestReadEvent(t *testing.T) {
	first, second := startMarketplace(t, func(o *Options) { o.Partner = "ACME" }), startMarketplace(t, nil)
	e := NewCustomer(1).Event("SUBSCRIPTION_ORDER")
	e.Flag = router.FlagDevelopment
	e.Attributes["returnUrl"] = "https://www.acme.example/back?token=1"
	sent, err := first.list(e)
	if err != nil {
		t.Fatal(err)
	}
	for form, document := range map[string][]byte{"JSON": sent.json, "XML": sent.xml} {
		t.Run(form, func(t *testing.T) {
			read, err := ReadEvent(document)
			if err != nil {
				t.Fatal(err)
			}
			again, err := second.list(read)
			if err != nil {
				t.Fatal(err)
			}
			want := strings.ReplaceAll(string(sent.json), first.URL(), second.URL())
			want = strings.ReplaceAll(want, `"https://www.acme.example/back?token=1"`, "null")
			if diff := cmp.Diff(decode(t, []byte(want)), decode(t, again.json)); diff != "" {
				t.Errorf("-sent +read\n%s", diff)
			}
			second.forget(again.event.Token)
		})
	}
	for _, document := range []string{"", "{}", "<html/>", `{"type":"A","payload":[]`} {
		if e, err := ReadEvent([]byte(document)); err == nil {
			t.Errorf("%q is read as %+v", document, e)
		}
	}
}

// decode is the document as a vendor reads it, without a token's accident.
func decode(t *testing.T, document []byte) string {
	t.Helper()
	d, err := appdirect.Decode(document)
	if err != nil {
		t.Fatal(err)
	}
	var payload, attributes any
	if json.Unmarshal(d.Payload, &payload) != nil || json.Unmarshal(d.Attributes, &attributes) != nil {
		t.Fatalf("document %s", document)
	}
	// XML has only texts.
	return fmt.Sprintf("%s %s %v %v", d.Type, d.Flag, payload, attributes)
}

// An add-on product's events are ordinary ones, told by the account's parent.
func TestAddonProduct(t *testing.T) {
	c := NewCustomer(1)
	c.Learn(c.Event("SUBSCRIPTION_ORDER"), Result{Success: true, AccountIdentifier: "main"})
	order := c.Event("SUBSCRIPTION_ORDER/ADDON")
	want := object{"parentAccountIdentifier": "main", "status": "INITIALIZED"}
	if diff := cmp.Diff(want, order.Payload["account"]); diff != "" || order.Type != "SUBSCRIPTION_ORDER" {
		t.Errorf("%s: -want +got\n%s", order.Type, diff)
	}
	c.Learn(order, Result{Success: true, AccountIdentifier: "addon"})
	cancel := c.Event("SUBSCRIPTION_CANCEL/ADDON")
	want = object{"parentAccountIdentifier": "main", "accountIdentifier": "addon", "status": "ACTIVE"}
	if diff := cmp.Diff(want, cancel.Payload["account"]); diff != "" || cancel.Type != "SUBSCRIPTION_CANCEL" {
		t.Errorf("%s: -want +got\n%s", cancel.Type, diff)
	}
	if c.Account != "main" {
		t.Errorf("the customer's account is %q", c.Account)
	}
}

func TestLegacyLinking(t *testing.T) {
	for step, want := range map[string][]string{
		"ACCOUNT_SYNC": {"company"}, "ACCOUNT_UNSYNC": {"account"}, "USER_SYNC": {"account", "user"}, "USER_LINK": {"account", "user"},
	} {
		e := NewCustomer(1).Event(step)
		for _, name := range want {
			if e.Payload[name] == nil {
				t.Errorf("%s lacks %s", step, name)
			}
		}
		if len(e.Payload) != len(want) {
			t.Errorf("%s has %v", step, e.Payload)
		}
	}
}
