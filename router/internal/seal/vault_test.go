package seal

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/signalbox/signalbox/router"
)

const (
	oneKey     = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="                     // base64
	anotherKey = "ff000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e" // hex
)

func keysOf(t *testing.T, text string) Keys {
	t.Helper()
	keys, err := Parse(router.NewSecret([]byte(text)))
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func tokenSchema() *router.Schema {
	text := json.RawMessage(`"string"`)
	return &router.Schema{Attrs: []router.Attr{
		{Name: "account", Type: text}, {Name: "token", Type: text, Sensitive: true}, {Name: "grants", Type: json.RawMessage(`["map","string"]`), Sensitive: true},
	}}
}

// sealedToken is the sealed value of token, as it stands in a document.
func sealedToken(t *testing.T, doc json.RawMessage) string {
	t.Helper()
	var members map[string]json.RawMessage
	if err := json.Unmarshal(doc, &members); err != nil {
		t.Fatal(err)
	}
	return string(members["token"])
}

// sealedIn counts sealed values.
func sealedIn(doc json.RawMessage) (n int) {
	members, err := membersOf(doc)
	if err != nil {
		members = map[string]json.RawMessage{"": doc}
	}
	for _, value := range members {
		if isSealed(value) {
			n++
		}
	}
	return n
}

func TestSealAndOpen(t *testing.T) {
	v := NewVault(keysOf(t, oneKey))
	for name, tc := range map[string]struct {
		schema *router.Schema
		plain  string
		seals  int
	}{
		"nothing":                      {tokenSchema(), ``, 0},
		"nothing sensitive":            {tokenSchema(), `{"account":"a & <b>"}`, 0},
		"no sensitive attribute":       {&router.Schema{}, `{"token":"hunter2"}`, 0},
		"a text":                       {tokenSchema(), `{"account":"a & <b>","token":"hunter2 & \"co\""}`, 1},
		"a name in escapes":            {tokenSchema(), `{"tok\u0065n":"hunter2"}`, 1},
		"a map":                        {tokenSchema(), `{"account":"a","grants":{"user":"u","pass":"hunter2"}}`, 1},
		"an unknown name":              {tokenSchema(), `{"account":"a","tokn":"hunter2"}`, 1},
		"null":                         {tokenSchema(), `{"token":null}`, 1},
		"a big number":                 {tokenSchema(), `{"account":123456789012345678901234567890.5,"token":98765432109876543210}`, 1},
		"what looks sealed":            {&router.Schema{}, `{"account":"sealed:v1:00000000:AAAA"}`, 1},
		"what looks sealed, in a text": {&router.Schema{}, `{"account":["sealed:v1:00000000:AAAA"]}`, 0},
		"no schema":                    {nil, `{"account":"a","token":"hunter2"}`, 2},
		"no object":                    {tokenSchema(), `["hunter2"]`, 1},
	} {
		t.Run(name, func(t *testing.T) {
			sealed := v.Seal(tc.schema, json.RawMessage(tc.plain))
			if got := sealedIn(sealed); got != tc.seals {
				t.Errorf("%d values are sealed, want %d: %s", got, tc.seals, sealed)
			}
			if tc.seals > 0 && strings.Contains(string(sealed), "hunter2") || len(sealed) > 0 && !json.Valid(sealed) {
				t.Errorf("sealed: %s", sealed)
			}
			got, err := v.Open(sealed)
			if want := strings.ReplaceAll(tc.plain, `\u0065`, "e"); err != nil || string(got) != want {
				t.Errorf("opened: %s, %v; want %s", got, err, want)
			}
		})
	}
}

func TestSealedTwiceIsNotTheSame(t *testing.T) {
	v := NewVault(keysOf(t, oneKey))
	plain := json.RawMessage(`{"token":"hunter2"}`)
	if a, b := v.Seal(tokenSchema(), plain), v.Seal(tokenSchema(), plain); string(a) == string(b) {
		t.Errorf("equal values can be told: %s", a)
	}
}

func TestOpenRefuses(t *testing.T) {
	v := NewVault(keysOf(t, oneKey))
	good := sealedToken(t, v.Seal(tokenSchema(), json.RawMessage(`{"token":"hunter2"}`)))
	foreign := sealedToken(t, NewVault(keysOf(t, anotherKey)).Seal(tokenSchema(), json.RawMessage(`{"token":"hunter2"}`)))
	last := len(good) - 3
	for name, tc := range map[string]struct{ doc, want string }{
		"another key":         {`{"token":` + foreign + `}`, `the value of "token" was sealed with the key`},
		"a changed byte":      {`{"token":` + good[:last] + string(good[last]^1) + good[last+1:] + `}`, "is damaged"},
		"a lost end":          {`{"token":` + good[:len(good)-5] + `"}`, "is damaged"},
		"not base64":          {`{"token":` + good[:last] + "%%" + `"}`, "is damaged"},
		"no key":              {`{"token":"sealed:v1:"}`, "looks sealed and is not"},
		"another's place":     {`{"account":` + good + `}`, "put in the place of another"},
		"no object around it": {`[` + good + `]`, "it is no JSON object"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := v.Open(json.RawMessage(tc.doc))
			if err == nil || !strings.Contains(err.Error(), tc.want) || got != nil {
				t.Errorf("opened %s: %s, %v; want the error %q", tc.doc, got, err, tc.want)
			}
		})
	}
}

func TestKeysRotate(t *testing.T) {
	plain := json.RawMessage(`{"token":"hunter2"}`)
	v := NewVault(keysOf(t, oneKey))
	before := v.Seal(tokenSchema(), plain)
	v.Use(keysOf(t, anotherKey+"\n"+oneKey))
	after := v.Seal(tokenSchema(), plain)
	for _, sealed := range []json.RawMessage{before, after} {
		if got, err := v.Open(sealed); err != nil || string(got) != string(plain) {
			t.Errorf("opened %s: %s, %v", sealed, got, err)
		}
	}
	v.Use(keysOf(t, anotherKey))
	if got, err := v.Open(before); err != nil || string(got) != string(plain) {
		t.Errorf("the old key, which a call under way may need, is forgotten: %s, %v", got, err)
	}
	restarted := NewVault(keysOf(t, anotherKey))
	if _, err := restarted.Open(before); err == nil {
		t.Error("what the old key has sealed opens without it")
	}
	if _, err := restarted.Open(after); err != nil {
		t.Errorf("the new key did not seal: %v", err)
	}
}

// TestFormerKeysAreBounded: the latest are kept, however often they change.
func TestFormerKeysAreBounded(t *testing.T) {
	v := NewVault(keysOf(t, oneKey))
	var sealed []json.RawMessage
	for i := range 3 * formerMax {
		v.Use(keysOf(t, fmt.Sprintf("%064x", i)))
		sealed = append(sealed, v.Seal(tokenSchema(), json.RawMessage(`{"token":"hunter2"}`)))
	}
	if n := len(*v.keys.Load()); n != 1+formerMax {
		t.Errorf("%d keys open", n)
	}
	for i, doc := range sealed {
		if _, err := v.Open(doc); (err == nil) != (i >= len(sealed)-1-formerMax) {
			t.Errorf("by the key %d of %d: %v", i+1, len(sealed), err)
		}
	}
}

func TestParse(t *testing.T) {
	for name, tc := range map[string]struct {
		text    string
		want    int
		wantErr string
	}{
		"base64":             {oneKey, 1, ""},
		"base64, no padding": {strings.TrimRight(oneKey, "="), 1, ""},
		"hex":                {anotherKey, 1, ""},
		"two":                {oneKey + "\r\n\n" + anotherKey + "\n", 2, ""},
		"none":               {" \n", 0, "there is no key in it"},
		"a password":         {"hunter2hunter2hunter2hunter2", 0, "key 1 is not 32 random bytes"},
		"a short second":     {oneKey + "\n" + anotherKey[:62], 0, "key 2 is not 32 random bytes in base64 or hex; make one with: openssl rand -base64 32"},
	} {
		t.Run(name, func(t *testing.T) {
			keys, err := Parse(router.NewSecret([]byte(tc.text)))
			if len(keys) != tc.want || (err == nil) != (tc.wantErr == "") {
				t.Fatalf("%d keys, %v", len(keys), err)
			}
			if err != nil && (!strings.Contains(err.Error(), tc.wantErr) || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), anotherKey[:8])) {
				t.Errorf("got %v, want %s", err, tc.wantErr)
			}
		})
	}
}

func TestKeysDoNotPrintThemselves(t *testing.T) {
	raw := make([]byte, keySize)
	copy(raw, "0123456789abcdef0123456789abcdef")
	text := fmt.Sprintf("%v %+v %#v", keysOf(t, oneKey), *keysOf(t, oneKey)[0], NewVault(keysOf(t, oneKey)))
	for _, shown := range []string{string(raw), oneKey, fmt.Sprintf("%x", raw), fmt.Sprint(raw)[1:20]} {
		if strings.Contains(text, shown) {
			t.Errorf("a key shows itself: %s", text)
		}
	}
}

func FuzzOpen(f *testing.F) {
	keys, err := Parse(router.NewSecret([]byte(oneKey)))
	if err != nil {
		f.Fatal(err)
	}
	v := NewVault(keys)
	f.Add([]byte(`{"account":"a","token":"hunter2"}`))
	f.Add([]byte(`{"token":"sealed:v1:00000000:AAAA"}`))
	f.Add([]byte(`"sealed:v1:`))
	f.Fuzz(func(t *testing.T, doc []byte) {
		_, _ = v.Open(doc) // whatever stands in a journal
		if len(doc) == 0 || !json.Valid(doc) {
			return
		}
		opened, err := v.Open(v.Seal(tokenSchema(), doc))
		if err != nil {
			t.Fatalf("sealed here, and it can't be opened: %v", err)
		}
		var want, got any
		if err := json.Unmarshal(doc, &want); err != nil {
			return // numbers that are none of Go's
		}
		if err := json.Unmarshal(opened, &got); err != nil || fmt.Sprint(want) != fmt.Sprint(got) {
			t.Errorf("sealed %s, opened %s, %v", doc, opened, err)
		}
	})
}
