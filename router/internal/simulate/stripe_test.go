package simulate

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func startStripe(t *testing.T, now func() time.Time) *Stripe {
	t.Helper()
	s := NewStripe(StandIn{Now: now})
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s
}

// stripeCall makes one call without any client's help.
type stripeCall struct {
	method, path, key, form string
	bearer                  string
}

type stripeReply struct {
	Status   int `json:"-"`
	Replayed bool
	ID       string
	Object   string
	HasMore  bool `json:"has_more"`
	Data     []struct{ ID string }
	Error    struct{ Type, Code, Message string }
}

func (c stripeCall) do(t *testing.T, s *Stripe) stripeReply {
	t.Helper()
	req, err := http.NewRequest(c.method, s.URL()+c.path, strings.NewReader(c.form))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if c.bearer == "" {
		c.bearer = "Bearer sk_test_1"
	}
	req.Header.Set("Authorization", c.bearer)
	if c.key != "" {
		req.Header.Set("Idempotency-Key", c.key)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	reply := stripeReply{Status: res.StatusCode, Replayed: res.Header.Get("Idempotent-Replayed") == "true"}
	if err := json.Unmarshal(body, &reply); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return reply
}

func TestStripeKeepsTheFirstAnswerOfAKey(t *testing.T) {
	create := stripeCall{method: http.MethodPost, path: "/v1/customers", key: "k", form: "email=a%40b.example"}
	t.Run("a success", func(t *testing.T) {
		s := startStripe(t, testNow)
		first, again := create.do(t, s), create.do(t, s)
		if first.Replayed || !again.Replayed || first.ID != again.ID || len(s.Customers()) != 1 {
			t.Errorf("first %+v, then %+v; %d customers", first, again, len(s.Customers()))
		}
		calls := s.Calls()
		if len(calls) != 2 || calls[0].Replayed || !calls[1].Replayed || calls[1].Key != "k" {
			t.Errorf("the calls are %+v", calls)
		}
	})
	t.Run("a failure of the server", func(t *testing.T) {
		s := startStripe(t, testNow)
		s.FailNext(1, http.StatusInternalServerError)
		first, again := create.do(t, s), create.do(t, s)
		if first.Status != 500 || first.Error.Type != "api_error" || again.Status != 500 || !again.Replayed {
			t.Errorf("first %+v, then %+v", first, again)
		}
		fresh := create
		fresh.key = "k2"
		if got := fresh.do(t, s); got.Status != http.StatusOK {
			t.Errorf("under a fresh key %+v", got)
		}
		if !strings.HasSuffix(s.Summary(), "3 calls, 1 failed on cue, 1 replayed") {
			t.Errorf("summary %q", s.Summary())
		}
	})
	t.Run("a declined card", func(t *testing.T) {
		s := startStripe(t, testNow)
		s.FailNext(1, http.StatusPaymentRequired)
		first, again := create.do(t, s), create.do(t, s)
		if first.Error.Type != "card_error" || again.Status != http.StatusPaymentRequired {
			t.Errorf("first %+v, then %+v", first, again)
		}
	})
	t.Run("not a rate limit", func(t *testing.T) {
		s := startStripe(t, testNow)
		s.FailNext(1, http.StatusTooManyRequests)
		first, again := create.do(t, s), create.do(t, s)
		if first.Status != http.StatusTooManyRequests || again.Status != http.StatusOK || again.Replayed {
			t.Errorf("first %+v, then %+v", first, again)
		}
	})
	t.Run("not with other parameters", func(t *testing.T) {
		s := startStripe(t, testNow)
		create.do(t, s)
		other := create
		other.form = "email=c%40d.example"
		got := other.do(t, s)
		if got.Status != http.StatusBadRequest || got.Error.Type != "idempotency_error" || len(s.Customers()) != 1 {
			t.Errorf("got %+v; %d customers", got, len(s.Customers()))
		}
	})
	t.Run("not for ever", func(t *testing.T) {
		now := testNow()
		s := startStripe(t, func() time.Time { return now })
		first := create.do(t, s)
		now = now.Add(keyLifetime)
		if again := create.do(t, s); again.Replayed || again.ID == first.ID {
			t.Errorf("a day later %+v", again)
		}
	})
	t.Run("not without a key", func(t *testing.T) {
		s := startStripe(t, testNow)
		bare := create
		bare.key = ""
		if first, second := bare.do(t, s), bare.do(t, s); first.ID == second.ID {
			t.Errorf("two calls made the one customer %s", first.ID)
		}
	})
}

func TestStripeRefuses(t *testing.T) {
	for _, test := range []struct {
		name string
		call stripeCall
		want stripeReply
	}{
		{"no key", stripeCall{method: "GET", path: "/v1/customers", bearer: "Basic x"}, refusal(401, "invalid_request_error", "")},
		{"an unknown path", stripeCall{method: "GET", path: "/v1/invoices"}, refusal(404, "invalid_request_error", "")},
		{"another version", stripeCall{method: "GET", path: "/v2/customers"}, refusal(404, "invalid_request_error", "")},
		{"an unknown customer", stripeCall{method: "GET", path: "/v1/customers/cus_x"}, refusal(404, "invalid_request_error", "resource_missing")},
		{"an unknown subscription", stripeCall{method: "GET", path: "/v1/subscriptions/sub_x"}, refusal(404, "invalid_request_error", "resource_missing")},
		{"a list of an unknown customer's", stripeCall{method: "GET", path: "/v1/subscriptions?customer=cus_x"}, refusal(400, "invalid_request_error", "resource_missing")},
		{"a subscription of an unknown customer", stripeCall{method: "POST", path: "/v1/subscriptions", form: "customer=cus_x&items[0][price]=p"}, refusal(400, "invalid_request_error", "resource_missing")},
		{"a subscription to nothing", stripeCall{method: "POST", path: "/v1/subscriptions", form: "customer=cus_000001"}, refusal(400, "invalid_request_error", "parameter_missing")},
		{"a quantity that is no number", stripeCall{method: "POST", path: "/v1/subscriptions", form: "customer=cus_000001&items[0][price]=p&items[0][quantity]=many"}, refusal(400, "invalid_request_error", "parameter_invalid_integer")},
		{"a change of an unknown subscription", stripeCall{method: "POST", path: "/v1/subscriptions/sub_x"}, refusal(404, "invalid_request_error", "resource_missing")},
		{"a change of an unknown item", stripeCall{method: "POST", path: "/v1/subscriptions/sub_000003", form: "items[0][id]=si_x"}, refusal(400, "invalid_request_error", "resource_missing")},
		{"an unreadable form", stripeCall{method: "POST", path: "/v1/customers", form: "email=%zz"}, refusal(400, "invalid_request_error", "")},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := startStripe(t, testNow)
			stripeCall{method: "POST", path: "/v1/customers", form: "email=a%40b.example"}.do(t, s)
			stripeCall{method: "POST", path: "/v1/subscriptions", form: "customer=cus_000001&items[0][price]=p"}.do(t, s)
			got := test.call.do(t, s)
			got.Error.Message = ""
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func refusal(status int, kind, code string) stripeReply {
	r := stripeReply{Status: status}
	r.Error.Type, r.Error.Code = kind, code
	return r
}

func TestStripeLists(t *testing.T) {
	s := startStripe(t, testNow)
	for _, email := range []string{"a@x.example", "b@x.example", "a@x.example"} {
		stripeCall{method: "POST", path: "/v1/customers", form: url.Values{"email": {email}}.Encode()}.do(t, s)
	}
	for _, form := range []string{
		"customer=cus_000001&items[0][price]=p", "customer=cus_000001&items[0][price]=p&trial_period_days=14",
	} {
		stripeCall{method: "POST", path: "/v1/subscriptions", form: form}.do(t, s)
	}
	stripeCall{method: "DELETE", path: "/v1/subscriptions/sub_000005"}.do(t, s)
	for _, test := range []struct {
		name, path string
		want       []string
		more       bool
	}{
		{"all, newest first", "/v1/customers", []string{"cus_000003", "cus_000002", "cus_000001"}, false},
		{"by e-mail", "/v1/customers?email=a%40x.example", []string{"cus_000003", "cus_000001"}, false},
		{"nobody's e-mail", "/v1/customers?email=z%40x.example", nil, false},
		{"a page", "/v1/customers?limit=2", []string{"cus_000003", "cus_000002"}, true},
		{"the next page", "/v1/customers?limit=2&starting_after=cus_000002", []string{"cus_000001"}, false},
		{"what is not cancelled", "/v1/subscriptions?customer=cus_000001", []string{"sub_000007"}, false},
		{"all subscriptions", "/v1/subscriptions?status=all", []string{"sub_000007", "sub_000005"}, false},
		{"by status", "/v1/subscriptions?status=trialing", []string{"sub_000007"}, false},
		{"another customer's", "/v1/subscriptions?customer=cus_000002", nil, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := stripeCall{method: "GET", path: test.path}.do(t, s)
			var ids []string
			for _, o := range got.Data {
				ids = append(ids, o.ID)
			}
			if diff := cmp.Diff(test.want, ids); diff != "" || got.HasMore != test.more || got.Object != "list" {
				t.Errorf("more %t, object %s, (-want +got):\n%s", got.HasMore, got.Object, diff)
			}
		})
	}
}

func TestIdempotencyIsBounded(t *testing.T) {
	var keys idempotency
	keys.firsts = make([]firstAnswer, maxKept)
	for i := range keys.firsts {
		keys.firsts[i].at = testNow()
	}
	keys.firsts[0].key = "oldest"
	keys.remember("newest", testNow(), "", answer{})
	if _, known := keys.recall("oldest", testNow()); known || len(keys.firsts) != maxKept {
		t.Errorf("%d keys are kept, the oldest among them: %t", len(keys.firsts), known)
	}
}
