package crm_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/signalbox/signalbox/plugins/crm"
	"github.com/signalbox/signalbox/sdk"
	"github.com/signalbox/signalbox/sdk/sdktest"
)

func TestMain(m *testing.M) { sdktest.Main(m, crm.New()) }

const (
	token     = "pat-live-0123456789"
	testToken = "pat-test-0123456789"
)

func config(f *fakeHubspot) map[string]any {
	return map[string]any{"access_token": token, "base_url": f.URL + "/", "account_property": "signalbox_account"}
}

func start(t *testing.T) (*fakeHubspot, *sdktest.Client) {
	f := newHubspot(t)
	return f, sdktest.Start(t, crm.New(), config(f))
}

func company() map[string]any {
	return map[string]any{"account": "cus_1", "name": "Example Ltd", "domain": "example.com",
		"properties": map[string]string{"plan": "PRO", "name": "overruled"}}
}

func succeeded(t *testing.T, o sdktest.Outcome) map[string]any {
	t.Helper()
	if o.Kind != sdktest.Succeeded {
		t.Fatalf("got %s, want a success", o)
	}
	var out map[string]any
	if err := o.Decode(&out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestUpsert(t *testing.T) {
	f, c := start(t)
	for i, created := range []bool{true, false} {
		got := succeeded(t, c.Handle("upsert_company", company()))
		if diff := cmp.Diff(map[string]any{"company_id": "901", "created": created}, got); diff != "" {
			t.Errorf("company, call %d (-want +got):\n%s", i+1, diff)
		}
	}
	// What is not given stays as it is.
	succeeded(t, c.Handle("upsert_company", map[string]any{"account": "cus_1", "phone": "+31 1"}))
	want := map[string]string{"signalbox_account": "cus_1", "name": "Example Ltd", "domain": "example.com", "plan": "PRO", "phone": "+31 1"}
	if diff := cmp.Diff(want, f.objects["companies/cus_1"]); diff != "" {
		t.Errorf("the company (-want +got):\n%s", diff)
	}

	contact := map[string]any{"email": "ada@example.com", "first_name": "Ada", "last_name": "L", "company_id": "901"}
	for i, created := range []bool{true, false} {
		got := succeeded(t, c.Handle("upsert_contact", contact))
		if diff := cmp.Diff(map[string]any{"contact_id": "902", "created": created}, got); diff != "" {
			t.Errorf("contact, call %d (-want +got):\n%s", i+1, diff)
		}
	}
	wantContact := map[string]string{"email": "ada@example.com", "firstname": "Ada", "lastname": "L"}
	if diff := cmp.Diff(wantContact, f.objects["contacts/ada@example.com"]); diff != "" {
		t.Errorf("the contact (-want +got):\n%s", diff)
	}
	link := "contacts/902/associations/default/companies/901"
	if diff := cmp.Diff([]string{link, link}, f.associations); diff != "" {
		t.Errorf("associations (-want +got):\n%s", diff)
	}
}

func TestOutcomes(t *testing.T) {
	wait := problem(429, "RATE_LIMITS", "You have reached your ten secondly limit.")
	wait.header = http.Header{"Retry-After": {"10"}}
	retry := sdktest.Outcome{Kind: sdktest.Retry}
	unknown := sdktest.Outcome{Kind: sdktest.Unknown}
	operator := sdktest.Outcome{Kind: sdktest.Retry, NeedsOperator: true}
	invalid := sdktest.Outcome{Kind: sdktest.Rejected, Code: "invalid_request", Public: "The customer database refused the request."}
	notFound := sdktest.Outcome{Kind: sdktest.Rejected, Code: "not_found", Public: "The record is not known to the customer database."}
	batch := func(category string) answer {
		return answer{status: 207, body: fmt.Sprintf(`{"status":"COMPLETE","numErrors":1,"results":[],"errors":[{"category":%q,"message":"no"}]}`, category)}
	}
	tests := map[string]struct {
		fail answer
		want sdktest.Outcome
	}{
		"rate limited":             {wait, sdktest.Outcome{Kind: sdktest.Retry, After: 10 * time.Second}},
		"server error":             {problem(500, "INTERNAL_ERROR", "internal error"), retry},
		"a proxy's error":          {answer{status: 502, body: "<html>"}, retry},
		"conflict":                 {problem(409, "CONFLICT", "Contact already exists."), retry},
		"locked":                   {answer{status: 423}, retry},
		"account on the move":      {answer{status: 477}, retry},
		"connection lost":          {answer{lost: true}, unknown},
		"garbage":                  {answer{status: 200, body: "{"}, unknown},
		"no result":                {answer{status: 200, body: `{"results":[]}`}, unknown},
		"token refused":            {problem(401, "INVALID_AUTHENTICATION", "token "+token+" expired"), operator},
		"scope missing":            {problem(403, "MISSING_SCOPES", "no"), operator},
		"invalid property":         {problem(400, "VALIDATION_ERROR", "Property values were not valid"), invalid},
		"not found":                {problem(404, "OBJECT_NOT_FOUND", "no"), notFound},
		"redirected":               {answer{status: 302, header: http.Header{"Location": {"https://elsewhere.example/"}}}, invalid},
		"in the batch: invalid":    {batch("VALIDATION_ERROR"), invalid},
		"in the batch: conflict":   {batch("CONFLICT"), retry},
		"in the batch: too fast":   {batch("RATE_LIMITS"), retry},
		"in the batch: no such id": {batch("OBJECT_NOT_FOUND"), notFound},
	}
	f, c := start(t)
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f.mu.Lock()
			f.fail = []answer{test.fail}
			f.mu.Unlock()
			got := c.Handle("upsert_company", company())
			if got.Detail == "" {
				t.Error("the operator is told nothing")
			}
			got.Detail = ""
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	sdktest.AssertLeaksNoSecret(t, c)
}

func TestTheAssociationCounts(t *testing.T) {
	f, c := start(t)
	f.fail = []answer{{status: 200, body: `{"results":[{"id":"902","new":true}]}`}, problem(503, "", "down")}
	if o := c.Handle("upsert_contact", map[string]any{"email": "a@example.com", "company_id": "901"}); o.Kind != sdktest.Retry {
		t.Errorf("got %s, want a retry", o)
	}
}

func TestInputs(t *testing.T) {
	f, c := start(t)
	for action, input := range map[string]map[string]any{
		"upsert_company": {"account": ""},
		"upsert_contact": {"email": ""},
	} {
		if o := c.Handle(action, input); o.Kind != sdktest.Rejected || o.Code != "invalid_input" {
			t.Errorf("%s of nobody: got %s", action, o)
		}
		if o := c.Handle(action, map[string]any{"account": 1, "email": 1}); o.Kind != sdktest.Rejected || o.Code != "invalid_input" {
			t.Errorf("%s with numbers: got %s", action, o)
		}
	}
	if len(f.calls) > 0 {
		t.Errorf("HubSpot was called: %v", f.calls)
	}
}

func TestDevelopmentEventsStayOut(t *testing.T) {
	event := sdktest.Event(sdk.Event{ID: "event-1", Flag: "DEVELOPMENT"})
	t.Run("without a test token", func(t *testing.T) {
		f, c := start(t)
		if got := succeeded(t, c.Handle("upsert_company", company(), event)); got["company_id"] != "dev_cus_1" {
			t.Errorf("got %v", got)
		}
		if got := succeeded(t, c.Handle("upsert_contact", map[string]any{"email": "a@example.com", "company_id": "dev_cus_1"}, event)); got["contact_id"] != "dev_a@example.com" {
			t.Errorf("got %v", got)
		}
		if len(f.calls) > 0 {
			t.Errorf("HubSpot was called: %v", f.calls)
		}
	})
	t.Run("with a test token", func(t *testing.T) {
		f := newHubspot(t)
		conf := config(f)
		conf["test_access_token"] = testToken
		c := sdktest.Start(t, crm.New(), conf)
		succeeded(t, c.Handle("upsert_company", company(), event))
		if diff := cmp.Diff([]string{testToken}, f.tokens); diff != "" {
			t.Errorf("tokens (-want +got):\n%s", diff)
		}
		if err := c.Check(); err != nil {
			t.Error(err)
		}
	})
}

func TestCheck(t *testing.T) {
	tests := map[string]struct {
		arrange func(*fakeHubspot)
		want    string
	}{
		"all is well":             {func(*fakeHubspot) {}, ""},
		"the property is missing": {func(f *fakeHubspot) { f.fail = []answer{problem(404, "OBJECT_NOT_FOUND", "no such property")} }, "no such property"},
		"it is not unique":        {func(f *fakeHubspot) { f.unique = false }, "can't upsert by it"},
		"nobody is there":         {func(f *fakeHubspot) { f.Close() }, "connection refused"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f, c := start(t)
			test.arrange(f)
			err := c.Check()
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("got %v, want %q", err, test.want)
			}
			sdktest.AssertLeaksNoSecret(t, c)
		})
	}
}

func TestValidate(t *testing.T) {
	_, c := start(t)
	for name, test := range map[string]struct {
		config map[string]any
		path   string
	}{
		"good":           {map[string]any{"base_url": "https://api.hubapi.com", "account_property": "account_2"}, ""},
		"a query":        {map[string]any{"base_url": "https://api.hubapi.com?hapikey=1"}, "base_url"},
		"a label":        {map[string]any{"account_property": "Account Number"}, "account_property"},
		"credentials":    {map[string]any{"base_url": "https://u:p@api.hubapi.com"}, "base_url"},
		"not an address": {map[string]any{"base_url": "https://%zz"}, "base_url"},
	} {
		t.Run(name, func(t *testing.T) {
			var got string
			for _, d := range c.Validate(test.config) {
				got += strings.Join(d.Path, ".")
			}
			if got != test.path {
				t.Errorf("complains about %q, want %q", got, test.path)
			}
		})
	}
}

func TestConform(t *testing.T) {
	sdktest.Conform(t, sdktest.Subject{
		Plugin: crm.New(), Config: config(newHubspot(t)),
		Samples: []sdktest.Sample{
			{Action: "upsert_company", Input: company()},
			{Action: "upsert_contact", Input: map[string]any{"email": "ada@example.com", "company_id": "901"}},
		},
	})
}
