package appdirect

import "testing"

func TestLacks(t *testing.T) {
	const base = "https://www.acme-marketplace.com"
	separate := map[string]any{"oauth2": []any{map[string]any{
		"client_id": "gizmo-991", "client_secret": "a-client-secret-of-32-characters", "basic": map[string]any{"username": "gizmo", "password": "a-password"},
	}}}
	for _, c := range []struct {
		name, credential, address string
		more                      map[string]any
		want                      string
	}{
		{"shared credentials", testKey, base, nil, ""},
		{"separate credentials", "gizmo-991", base, separate, ""},
		{"an alias", testKey, "https://acme.appdirect.com", map[string]any{"aliases": map[string]string{"https://acme.appdirect.com": base}}, ""},
		{"other credentials", "widget-7", base, nil, `credentials "widget-7"`},
		{"another marketplace", testKey, "https://www.elsewhere.example", nil, `marketplace "https://www.elsewhere.example"`},
		{"a ping's host, with shared credentials", testKey, dummyBase, nil, ""},
		{"a ping's host, with separate credentials", "gizmo-991", dummyBase, separate, `marketplace "` + dummyBase + `"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, n := at(t, base, c.more)
			n.Credential, n.Base, n.Address = c.credential, c.address, c.address+currentPath+testToken
			if got := s.Lacks(&n); got != c.want {
				t.Errorf("it lacks %q, want %q", got, c.want)
			}
		})
	}
}
