package config

import (
	"encoding/json"
	"slices"
	"testing"
	"time"
)

func TestParseDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"30s": 30 * time.Second, "1h30m": 90 * time.Minute, "365d": 8760 * time.Hour, "1d12h": 36 * time.Hour,
		"": 0, "0s": 0, "0d": 0, "-1h": 0, "10": 0, "d": 0, "1.5d": 0, "-1d": 0, "1d-1h": 0, "999999999d": 0, "106751d24h": 0, "1d1d": 0, "1 day": 0,
	} {
		t.Run(text, func(t *testing.T) {
			got, err := parseDuration(text)
			if got != want || (err == nil) != (want > 0) {
				t.Errorf("parseDuration(%q) = %v, %v; want %v", text, got, err, want)
			}
		})
	}
}

func TestParseSize(t *testing.T) {
	const none = -1
	for text, want := range map[string]int64{
		"0": 0, "500MB": 500e6, "10GB": 10e9, "2 GiB": 2 << 30, "1TB": 1e12,
		"": none, "0GB": none, "10": none, "GB": none, "1.5GB": none, "-1GB": none, "10gb": none, "1 GB x": none, "9999999999GB": none,
	} {
		t.Run(text, func(t *testing.T) {
			got, err := parseSize(text)
			if err != nil {
				got = none
			}
			if got != want {
				t.Errorf("parseSize(%q) = %v, %v; want %v", text, got, err, want)
			}
		})
	}
}

func TestJSONThroughValuesAndBack(t *testing.T) {
	for name, tc := range map[string]struct{ in, want string }{
		"members sorted, nulls dropped": {`{"b":1,"a":null,"c":{"d":null}}`, `{"b":1,"c":{}}`},
		"nulls of a list stay":          {`[null,1]`, `[null,1]`},
		"integers beyond a float":       {`12345678901234567890123`, `12345678901234567890123`},
		"fractions":                     {`[0.1,-2.50,1e3,1E-3]`, `[0.1,-2.5,1000,0.001]`},
		"letters of all kinds":          {`"<é \"x\" \\ \n>"`, `"<é \"x\" \\ \n>"`},
		"booleans":                      {`[true,false]`, `[true,false]`},
	} {
		t.Run(name, func(t *testing.T) {
			v, err := readJSON(json.RawMessage(tc.in), everything)
			if err != nil {
				t.Fatal(err)
			}
			got, err := appendJSON(nil, v)
			if err != nil || string(got) != tc.want {
				t.Errorf("got %s, %v; want %s", got, err, tc.want)
			}
		})
	}
	for _, number := range []string{`1e151`, `1e-999999999999`, `1e99999999999999999999`} {
		if v, err := toNumber(json.Number(number)); err == nil {
			t.Errorf("the number %s is taken as %#v", number, v)
		}
	}
}

func TestSuggest(t *testing.T) {
	known := []string{"customer_id", "email", "price"}
	many := slices.Repeat([]string{"aaaa"}, maxListed+1)
	for name, tc := range map[string]struct {
		given string
		known []string
		want  string
	}{
		"a letter missing": {"cutomer_id", known, ` Did you mean "customer_id"?`},
		"another case":     {"EMAIL", known, ` Did you mean "email"?`},
		"far from all":     {"quantity", known, ` There are "customer_id", "email" and "price".`},
		"only one":         {"x", []string{"sqlite"}, ` There is only "sqlite".`},
		"none":             {"x", nil, ""},
		"too many to list": {"x", many, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := suggest(tc.given, tc.known); got != tc.want {
				t.Errorf("suggest(%q) = %q, want %q", tc.given, got, tc.want)
			}
		})
	}
}

func TestSecretText(t *testing.T) {
	for name, tc := range map[string]struct{ in, want string }{
		"one line end goes":     {"s3cret\n", "s3cret"},
		"of Windows too":        {"s3cret\r\n", "s3cret"},
		"the second one stays":  {"s3cret\n\n", "s3cret\n"},
		"spaces stay":           {" s3cret ", " s3cret "},
		"bytes are refused":     {"\xff", ""},
		"decomposed is refused": {"e\u0301", ""},
		"composed letters do":   {"\u00e9", "\u00e9"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := secretText([]byte(tc.in))
			if got != tc.want || (err == nil) != (tc.want != "") {
				t.Errorf("secretText(%q) = %q, %v; want %q", tc.in, got, err, tc.want)
			}
		})
	}
}
