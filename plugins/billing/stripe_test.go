package billing_test

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
)

// fakeStripe keeps customers and subscriptions, and answers a repeated
// idempotency key as Stripe does: with the first answer, its errors included.
type fakeStripe struct {
	*httptest.Server
	mu            sync.Mutex
	keys          map[string]answer
	customers     []map[string]any
	subscriptions []map[string]any
	calls         []string // "POST /v1/customers" …
	tokens        []string
	// fail answers the next calls of that method and path, in order, instead
	// of carrying them out.
	fail map[string][]answer
}

type answer struct {
	status      int
	header      http.Header
	body        string
	fingerprint string
	// carriedOut: the call takes effect, and its answer is this one all the same.
	carriedOut bool
	// lost: the connection breaks off instead of an answer.
	lost bool
}

func newStripe(t *testing.T) *fakeStripe {
	f := new(fakeStripe)
	f.empty()
	f.Server = httptest.NewServer(f)
	// On a connection used before, net/http repeats a call that has a key by
	// itself, and a lost answer would not be seen.
	f.Config.SetKeepAlivesEnabled(false)
	t.Cleanup(f.Close)
	return f
}

func (f *fakeStripe) empty() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.keys, f.fail = map[string]answer{}, map[string][]answer{}
	f.customers, f.subscriptions = nil, nil
}

// next makes the next call of that method and path fail.
func (f *fakeStripe) next(call string, a answer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fail[call] = append(f.fail[call], a)
}

func stripeError(status int, kind, code, message string) answer {
	body, _ := json.Marshal(map[string]any{"error": map[string]any{"type": kind, "code": code, "message": message}})
	return answer{status: status, body: string(body)}
}

func (f *fakeStripe) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	_ = r.ParseForm()
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	call := r.Method + " " + r.URL.Path
	f.calls, f.tokens = append(f.calls, call), append(f.tokens, token)
	key := r.Header.Get("Idempotency-Key")
	sum := md5.Sum([]byte(call + r.Form.Encode()))
	fingerprint := hex.EncodeToString(sum[:])
	var a answer
	switch first, seen := f.keys[key]; {
	case strings.Contains(token, "revoked"):
		a = stripeError(401, "invalid_request_error", "", "Invalid API Key provided: "+token)
	case seen && first.fingerprint != fingerprint:
		a = stripeError(400, "idempotency_error", "", "Keys for idempotent requests can only be used with the same parameters.")
	case seen:
		a = first
	default:
		planned := f.fail[call]
		if len(planned) > 0 {
			a, f.fail[call] = planned[0], planned[1:]
		}
		if len(planned) == 0 || a.carriedOut {
			did := f.perform(r)
			if len(planned) == 0 || a.lost {
				did.lost = a.lost
				a = did
			}
		}
		if r.Method == http.MethodPost && a.status != 0 && (a.status < 400 || a.status >= 500 || a.status == 402) {
			kept := a
			kept.fingerprint, kept.lost = fingerprint, false
			f.keys[key] = kept
		}
	}
	if a.lost {
		panic(http.ErrAbortHandler)
	}
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Request-Id", "req_1")
	w.WriteHeader(a.status)
	fmt.Fprint(w, a.body)
}

func ok(v any) answer {
	b, _ := json.Marshal(v)
	return answer{status: 200, body: string(b)}
}

func list(url string, data []map[string]any) answer {
	if data == nil {
		data = []map[string]any{}
	}
	return ok(map[string]any{"object": "list", "has_more": false, "url": url, "data": data})
}

func (f *fakeStripe) perform(r *http.Request) answer {
	path := strings.TrimPrefix(r.URL.Path, "/v1/")
	kind, id, _ := strings.Cut(path, "/")
	switch r.Method + " " + kind {
	case "GET customers":
		return list("/v1/customers", matching(f.customers, "email", r.Form))
	case "POST customers":
		c := map[string]any{"object": "customer", "id": fmt.Sprintf("cus_%d", len(f.customers)+1),
			"email": r.Form.Get("email"), "name": r.Form.Get("name"), "metadata": metadata(r.Form)}
		f.customers = slices.Insert(f.customers, 0, c)
		return ok(c)
	case "GET subscriptions":
		if r.Form.Get("customer") == "" {
			return stripeError(400, "invalid_request_error", "parameter_invalid_empty", "You passed an empty string for 'customer'.")
		}
		return list("/v1/subscriptions", slices.DeleteFunc(matching(f.subscriptions, "customer", r.Form),
			func(s map[string]any) bool { return s["status"] == "canceled" }))
	case "POST subscriptions":
		if id != "" {
			return f.change(id, r.Form)
		}
		s := map[string]any{"object": "subscription", "id": fmt.Sprintf("sub_%d", len(f.subscriptions)+1),
			"customer": r.Form.Get("customer"), "status": "active", "metadata": metadata(r.Form),
			"form": r.Form.Encode(), "price": r.Form.Get("items[0][price]"), "quantity": r.Form.Get("items[0][quantity]"),
			"items": map[string]any{"object": "list", "data": []any{map[string]any{"id": "si_1", "object": "subscription_item"}}}}
		if !strings.HasPrefix(s["price"].(string), "price_") {
			return stripeError(400, "invalid_request_error", "resource_missing", "No such price: '"+s["price"].(string)+"'")
		}
		f.subscriptions = slices.Insert(f.subscriptions, 0, s)
		return ok(s)
	case "DELETE subscriptions":
		for _, s := range f.subscriptions {
			if s["id"] == id && s["status"] != "canceled" {
				s["status"] = "canceled"
				return ok(s)
			}
		}
	}
	return stripeError(404, "invalid_request_error", "resource_missing", "No such subscription: '"+id+"'")
}

func (f *fakeStripe) change(id string, form url.Values) answer {
	for _, s := range f.subscriptions {
		if s["id"] != id || form.Get("items[0][id]") != "si_1" {
			continue
		}
		if p := form.Get("items[0][price]"); p != "" {
			s["price"] = p
		}
		if q := form.Get("items[0][quantity]"); q != "" {
			s["quantity"] = q
		}
		return ok(s)
	}
	return stripeError(404, "invalid_request_error", "resource_missing", "No such subscription: '"+id+"'")
}

func matching(all []map[string]any, field string, form url.Values) []map[string]any {
	var out []map[string]any
	for _, o := range all {
		if !form.Has(field) || o[field] == form.Get(field) {
			out = append(out, o)
		}
	}
	return out
}

func metadata(form url.Values) map[string]string {
	out := map[string]string{}
	for k := range form {
		if name, ok := strings.CutPrefix(k, "metadata["); ok {
			out[strings.TrimSuffix(name, "]")] = form.Get(k)
		}
	}
	return out
}
