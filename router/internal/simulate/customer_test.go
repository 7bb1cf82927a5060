package simulate

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func updating() bool { return flag.Lookup("update").Value.String() == "true" }

func TestMain(m *testing.M) {
	flag.Bool("update", false, "write the golden files anew")
	os.Exit(m.Run())
}

// The whole of both lives, the vendor's answers learnt on the way.
func TestLives(t *testing.T) {
	for name, steps := range map[string][]string{"life": Life(), "unpaid_life": UnpaidLife()} {
		t.Run(name, func(t *testing.T) {
			c := NewCustomer(1)
			var told bytes.Buffer
			for _, step := range steps {
				e := c.Event(step)
				c.Learn(e, vendorsResult(e.Type))
				shown, err := json.MarshalIndent(object{"payload": e.Payload, "attributes": e.Attributes}, "", "  ")
				if err != nil {
					t.Fatal(err)
				}
				told.WriteString(step + "\n" + string(shown) + "\n\n")
			}
			golden := filepath.Join("testdata", name+".golden")
			if updating() {
				if err := os.WriteFile(golden, told.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), told.String()); diff != "" {
				t.Errorf("%s (-want +got):\n%s", golden, diff)
			}
		})
	}
}

func vendorsResult(kind string) Result {
	r := Result{Success: true}
	switch kind {
	case "SUBSCRIPTION_ORDER":
		r.AccountIdentifier = "cus_1"
	case "ADDON_ORDER":
		r.ID = "addon_1"
	case "ADDON_BIND":
		r.ID = "binding_1"
	}
	return r
}

func TestCustomersOfOneSeedAreEqual(t *testing.T) {
	show := func(seed uint64) string {
		shown, err := json.Marshal(NewCustomer(seed).Event("SUBSCRIPTION_ORDER").Payload)
		if err != nil {
			t.Fatal(err)
		}
		return string(shown)
	}
	first, again, other := show(7), show(7), show(8)
	if first != again {
		t.Errorf("one seed made two customers: %s and %s", first, again)
	}
	if first == other {
		t.Errorf("two seeds made the one customer %s", first)
	}
}

func TestCustomerLearnsNothingFromAFailure(t *testing.T) {
	c := NewCustomer(1)
	c.Learn(c.Event("SUBSCRIPTION_ORDER"), Result{AccountIdentifier: "cus_1", ErrorCode: "UNKNOWN_ERROR"})
	if c.Account != DefaultAccount {
		t.Errorf("the account is %q", c.Account)
	}
}

func TestCustomerMakesUpUnknownTypes(t *testing.T) {
	e := NewCustomer(1).Event("CONTRACT_RENEWED")
	for _, field := range []string{"account", "company", "user"} {
		if e.Payload[field] == nil {
			t.Errorf("the payload lacks %s", field)
		}
	}
	if e.Type != "CONTRACT_RENEWED" || e.Attributes["creator"] == nil {
		t.Errorf("the event is %+v", e)
	}
}

func TestLivesCoverEveryNotice(t *testing.T) {
	all := strings.Join(append(Life(), UnpaidLife()...), " ")
	for _, notice := range []string{"DEACTIVATED", "REACTIVATED", "UPCOMING_INVOICE", "CLOSED"} {
		if !strings.Contains(all, "SUBSCRIPTION_NOTICE/"+notice) {
			t.Errorf("no life has the notice %s", notice)
		}
	}
}
