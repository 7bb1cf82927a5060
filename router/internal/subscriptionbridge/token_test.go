package subscriptionbridge

import (
	"strings"
	"testing"
	"time"
)

func TestToken(t *testing.T) {
	for _, tc := range []struct{ name, password, key, at, want string }{
		{"the wiki's example", "XVWWVPRGab", "0123456789ABCDEF0123456789ABCDEF", "2010-07-16T06:52:00Z",
			"de972bba4dd8f32bf8ff72b66c3ad9bd50f50d21"},
		{"seconds don't count", "tulip-bulb-44", "4F1D8E0B7A6C42D39E51F7086A2BC9D4", "2026-03-01T08:59:59.999Z",
			"84cbe376c1451f1ac9fb129902c40e51b9c96ae4"},
		{"the minute is UTC", "tulip-bulb-44", "4F1D8E0B7A6C42D39E51F7086A2BC9D4", "2026-03-01T10:59:30+02:00",
			"84cbe376c1451f1ac9fb129902c40e51b9c96ae4"},
		{"the year's last minute", "tulip-bulb-44", "4F1D8E0B7A6C42D39E51F7086A2BC9D4", "2025-12-31T23:59:10Z",
			"e347a3f9c553f22234da94e48ce13d53b38006d0"},
		{"the year's first minute", "tulip-bulb-44", "4F1D8E0B7A6C42D39E51F7086A2BC9D4", "2026-01-01T00:00:10Z",
			"4f6372007c938476240f7e58ddc1243dda1eccd6"},
		{"bytes outside ASCII", "pässwort", "k", "2026-03-01T08:59:00Z",
			"be64344d4af37e07ee5994184e20b7dd03e775d8"},
		{"a key of one hash block", "tulip-bulb-44", strings.Repeat("A", 64), "2026-03-01T08:59:00Z",
			"68dc13944f100ef7657480c5079811048e749e59"},
		{"a key longer than a block", "tulip-bulb-44", strings.Repeat("B", 80), "2026-03-01T08:59:00Z",
			"eec989c5d40d365e08e778f290987cf2f9c8fad9"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			at, err := time.Parse(time.RFC3339Nano, tc.at)
			if err != nil {
				t.Fatal(err)
			}
			if got := Token([]byte(tc.password), []byte(tc.key), at); got != tc.want {
				t.Errorf("Token = %s, want %s", got, tc.want)
			}
		})
	}
}

func TestTokenIsGoodForFourMinutes(t *testing.T) {
	now := time.Date(2026, 3, 1, 9, 0, 30, 0, time.UTC)
	secrets := secretPairs([]string{"new", "old"}, []string{"NEW", "OLD"})
	token := func(password, key string, at time.Time) string { return Token([]byte(password), []byte(key), at) }
	for _, tc := range []struct {
		name, token string
		want        bool
	}{
		{"three minutes old", token("new", "NEW", now.Add(-3*time.Minute)), false},
		{"two minutes old", token("new", "NEW", now.Add(-2*time.Minute)), true},
		{"one minute old", token("new", "NEW", now.Add(-time.Minute)), true},
		{"of this minute", token("new", "NEW", now), true},
		{"a minute ahead", token("new", "NEW", now.Add(time.Minute)), true},
		{"two minutes ahead", token("new", "NEW", now.Add(2*time.Minute)), false},
		{"upper case", strings.ToUpper(token("new", "NEW", now)), true},
		{"mixed case", strings.ToUpper(token("new", "NEW", now)[:20]) + token("new", "NEW", now)[20:], true},
		{"both secrets previous", token("old", "OLD", now), true},
		{"previous password", token("old", "NEW", now), true},
		{"previous key", token("new", "OLD", now), true},
		{"another password", token("other", "NEW", now), false},
		{"another key", token("new", "OTHER", now), false},
		{"no password", token("", "NEW", now), false},
		{"no key", token("new", "", now), false},
		{"cut short", token("new", "NEW", now)[:38], false},
		{"too long", token("new", "NEW", now) + "00", false},
		{"no hex", strings.Repeat("x", 40), false},
		{"empty", "", false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := validToken(tc.token, secrets, now); got != tc.want {
				t.Errorf("validToken = %v, want %v", got, tc.want)
			}
		})
	}
}
