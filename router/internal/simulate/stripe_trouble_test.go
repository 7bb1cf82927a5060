package simulate

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

func TestStripeFailsForOneCustomer(t *testing.T) {
	s := startStripe(t, testNow)
	for range 2 {
		stripeCall{method: "POST", path: "/v1/customers"}.do(t, s)
	}
	stripeCall{method: "POST", path: "/v1/subscriptions", form: "customer=cus_000001&items[0][price]=p"}.do(t, s)
	s.FailFor("cus_000001", http.StatusServiceUnavailable, 3*time.Second)
	for _, test := range []struct {
		name, method, target string
		want                 int
	}{
		{"it", "GET", "/v1/customers/cus_000001", 503},
		{"its subscriptions", "GET", "/v1/subscriptions?customer=cus_000001", 503},
		{"one of its subscriptions", "DELETE", "/v1/subscriptions/sub_000004", 503},
		{"another", "GET", "/v1/customers/cus_000002", 200},
		{"another's subscriptions", "GET", "/v1/subscriptions?customer=cus_000002", 200},
		{"all customers", "GET", "/v1/customers", 200},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := httptest.NewRequest(test.method, test.target, nil)
			r.Header.Set("Authorization", "Bearer sk_test_1")
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			after := ""
			if test.want == http.StatusServiceUnavailable {
				after = "3"
			}
			if w.Code != test.want || w.Header().Get("Retry-After") != after {
				t.Errorf("status %d, Retry-After %q", w.Code, w.Header().Get("Retry-After"))
			}
		})
	}
	s.FailFor("cus_000001", 0, 0)
	if got := (stripeCall{method: "DELETE", path: "/v1/subscriptions/sub_000004"}).do(t, s); got.Status != http.StatusOK {
		t.Errorf("once it works again: %+v", got)
	}
}
