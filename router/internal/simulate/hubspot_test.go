package simulate

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func startHubSpot(t *testing.T) *HubSpot {
	t.Helper()
	h := NewHubSpot(StandIn{Now: testNow})
	if err := h.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Stop)
	return h
}

type hubspotReply struct {
	Status   string
	Category string
	Results  []struct {
		ID         string
		New        bool
		Properties map[string]string
	}
	Name           string
	HasUniqueValue bool
}

func callHubSpot(t *testing.T, h *HubSpot, method, path, body, token string) (int, hubspotReply) {
	t.Helper()
	req, err := http.NewRequest(method, h.URL()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var reply hubspotReply
	if err := json.NewDecoder(res.Body).Decode(&reply); err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, reply
}

func TestHubSpotUpserts(t *testing.T) {
	h := startHubSpot(t)
	upsert := func(kind, property, id, properties string) hubspotReply {
		body := fmt.Sprintf(`{"inputs":[{"idProperty":%q,"id":%q,"properties":%s}]}`, property, id, properties)
		status, reply := callHubSpot(t, h, "POST", "/crm/v3/objects/"+kind+"/batch/upsert", body, "pat-1")
		if status != http.StatusOK || reply.Status != "COMPLETE" || len(reply.Results) != 1 {
			t.Fatalf("upserting %s: %d %+v", id, status, reply)
		}
		return reply
	}
	company := upsert("companies", "signalbox_account", "cus_1", `{"name":"Acme","country":"US"}`).Results[0]
	again := upsert("companies", "signalbox_account", "cus_1", `{"name":"Acme Ltd"}`).Results[0]
	if !company.New || again.New || company.ID != again.ID {
		t.Errorf("first %+v, then %+v", company, again)
	}
	contact := upsert("contacts", "email", "Ada@acme.example", `{"firstname":"Ada"}`).Results[0]
	if same := upsert("contacts", "email", "ada@ACME.example", `{"lastname":"Berg"}`).Results[0]; same.ID != contact.ID {
		t.Errorf("an address in other letters made the contact %s beside %s", same.ID, contact.ID)
	}
	associate := "/crm/v4/objects/contacts/" + contact.ID + "/associations/default/companies/"
	if status, _ := callHubSpot(t, h, "PUT", associate+company.ID, "", "pat-1"); status != http.StatusOK {
		t.Errorf("associating was answered %d", status)
	}
	if status, _ := callHubSpot(t, h, "PUT", associate+"1", "", "pat-1"); status != http.StatusNotFound {
		t.Errorf("associating with nobody was answered %d", status)
	}

	wantCompanies := []HubSpotObject{{
		ID: company.ID, Created: testNow(), Updated: testNow(),
		Properties: map[string]string{"signalbox_account": "cus_1", "name": "Acme Ltd", "country": "US"},
	}}
	if diff := cmp.Diff(wantCompanies, h.Companies()); diff != "" {
		t.Errorf("companies (-want +got):\n%s", diff)
	}
	wantContacts := []HubSpotObject{{
		ID: contact.ID, Company: company.ID, Created: testNow(), Updated: testNow(),
		Properties: map[string]string{"email": "Ada@acme.example", "firstname": "Ada", "lastname": "Berg"},
	}}
	if diff := cmp.Diff(wantContacts, h.Contacts()); diff != "" {
		t.Errorf("contacts (-want +got):\n%s", diff)
	}
	if got, want := h.Summary(), "HubSpot: 1 company, 1 contact, 6 calls"; got != want {
		t.Errorf("summary %q, want %q", got, want)
	}
}

func TestHubSpotShowsAProperty(t *testing.T) {
	h := startHubSpot(t)
	status, reply := callHubSpot(t, h, "GET", "/crm/v3/properties/companies/signalbox_account", "", "pat-1")
	if status != http.StatusOK || reply.Name != "signalbox_account" || !reply.HasUniqueValue {
		t.Errorf("got %d %+v", status, reply)
	}
}

func TestHubSpotFailsOnCue(t *testing.T) {
	h := startHubSpot(t)
	h.FailNext(2, http.StatusTooManyRequests)
	var got []int
	for range 3 {
		status, _ := callHubSpot(t, h, "GET", "/crm/v3/properties/companies/x", "", "pat-1")
		got = append(got, status)
	}
	if diff := cmp.Diff([]int{429, 429, 200}, got); diff != "" {
		t.Errorf("the answers (-want +got):\n%s", diff)
	}
	calls := h.Calls()
	if len(calls) != 3 || !calls[0].Fault || calls[2].Fault || calls[2].Status != http.StatusOK {
		t.Errorf("the calls are %+v", calls)
	}
	if !strings.HasSuffix(h.Summary(), "3 calls, 2 failed on cue") {
		t.Errorf("summary %q", h.Summary())
	}
}

func TestHubSpotRefuses(t *testing.T) {
	const upsert = "/crm/v3/objects/contacts/batch/upsert"
	tooMany := `{"inputs":[` + strings.Repeat(`{"idProperty":"email","id":"a"},`, maxBatch) + `{"idProperty":"email","id":"a"}]}`
	for _, test := range []struct {
		name, method, path, body, token string
		status                          int
		category                        string
	}{
		{"no token", "POST", upsert, `{}`, "", 401, "INVALID_AUTHENTICATION"},
		{"unreadable JSON", "POST", upsert, `{`, "pat-1", 400, "VALIDATION_ERROR"},
		{"no inputs", "POST", upsert, `{}`, "pat-1", 400, "VALIDATION_ERROR"},
		{"too many inputs", "POST", upsert, tooMany, "pat-1", 400, "VALIDATION_ERROR"},
		{"an input without an id", "POST", upsert, `{"inputs":[{"idProperty":"email"}]}`, "pat-1", 400, "VALIDATION_ERROR"},
		{"an unknown kind", "POST", "/crm/v3/objects/boats/batch/upsert", `{"inputs":[{}]}`, "pat-1", 400, "VALIDATION_ERROR"},
		{"an unknown path", "GET", "/crm/v3/owners", "", "pat-1", 404, "OBJECT_NOT_FOUND"},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := startHubSpot(t)
			status, reply := callHubSpot(t, h, test.method, test.path, test.body, test.token)
			if status != test.status || reply.Status != "error" || reply.Category != test.category {
				t.Errorf("got %d %+v", status, reply)
			}
			if n := len(h.Contacts()); n != 0 {
				t.Errorf("%d contacts were made", n)
			}
		})
	}
}
