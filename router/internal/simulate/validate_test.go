package simulate

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestValidate(t *testing.T) {
	m := startMarketplace(t, nil)
	for _, tt := range []struct {
		name   string
		status int
		body   string
		want   []Finding
		err    string
	}{
		{"nothing found", 200, `{"result":[]}`, []Finding{}, ""},
		{"found", 200, `{"result":[{"field":"domain","title":"Taken","description":"Somebody has it.","level":"ERROR"},{"field":"size","level":"WARN"}]}`,
			[]Finding{{"domain", "Taken", "Somebody has it.", "ERROR"}, {Field: "size", Level: "WARN"}}, ""},
		{"no list", 200, `{"success":true}`, nil, "no list"},
		{"no JSON", 200, `OK`, nil, "no list"},
		{"not served there", 404, `{"code":"NotFound"}`, nil, "no order_validation block"},
		{"taken for a notification", 405, ``, nil, "/validate?key=SECRET"},
		{"late", 202, `{"result":[]}`, nil, "status 202"},
		{"another level", 200, `{"result":[{"field":"a","level":"FATAL"}]}`, []Finding{{Field: "a", Level: "FATAL"}}, "FATAL"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if err := r.ParseForm(); err != nil || r.Method != http.MethodPost || r.PostForm.Encode() != "domain=a%26b&seats=5" || r.Header.Get("Authorization") != "" {
					t.Errorf("asked with %s %v", r.Method, r.PostForm)
				}
				w.WriteHeader(tt.status)
				fmt.Fprint(w, tt.body)
			}))
			t.Cleanup(server.Close)
			got, status, err := m.Validate(t.Context(), server.URL+"/validate?key=k", url.Values{"domain": {"a&b"}, "seats": {"5"}})
			if diff := cmp.Diff(tt.want, got); diff != "" || status != tt.status {
				t.Errorf("status %d, -want +got\n%s", status, diff)
			}
			if tt.err == "" && err != nil || tt.err != "" && (!errors.Is(err, ErrNoAnswer) || !strings.Contains(err.Error(), tt.err)) {
				t.Errorf("%v, want %q", err, tt.err)
			}
		})
	}
}
