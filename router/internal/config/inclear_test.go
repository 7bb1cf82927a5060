package config

import "testing"

func TestInClear(t *testing.T) {
	for address, want := range map[string]bool{
		"http://events.example.com":      true,
		"HTTP://events.example.com:8080": true,
		"http://10.0.0.7":                true,
		"http://localhost.example.com":   true,
		"https://events.example.com":     false,
		"http://127.0.0.1:8480":          false,
		"http://127.8.0.1":               false,
		"http://[::1]:8480":              false,
		"http://LOCALHOST:8480":          false,
		"http://market.localhost":        false,
		"gizmo-12056":                    false,
		"http://":                        false,
		"":                               false,
	} {
		if got := inClear(address); got != want {
			t.Errorf("inClear(%q) = %v, want %v", address, got, want)
		}
	}
}
