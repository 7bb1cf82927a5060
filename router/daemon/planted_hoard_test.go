package daemon_test

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/signalbox/signalbox/router"
)

// hoard is all that anybody can read of what a daemon does, by where it stands.
type hoard map[string]string

func (h hoard) add(place string, parts ...any) {
	for _, part := range parts {
		if b, ok := part.([]byte); ok {
			part = string(b)
		}
		h[place] += fmt.Sprintf("%+v\n", part)
	}
}

// expectNone looks for the secrets, in each form that they may have taken.
func (h hoard) expectNone(t *testing.T, secrets map[string]string) {
	t.Helper()
	for place, text := range h {
		for name, secret := range secrets {
			for form, shown := range shownAs(secret) {
				if i := strings.Index(text, shown); i >= 0 {
					t.Errorf("the secret %q stands %s in %s: …%s…", name, form, place, text[max(0, i-160):min(len(text), i+len(shown)+40)])
					break
				}
			}
		}
	}
}

// expectMark wants the places to have been looked through.
func (h hoard) expectMark(t *testing.T, places ...string) {
	t.Helper()
	for _, place := range places {
		if !strings.Contains(h[place], plainMark) {
			t.Errorf("what is no secret is not found in %s: nobody has looked there", place)
		}
	}
}

// shownAs are the forms of a secret: as it is, in JSON, in Go's quotes, in
// addresses, in hex, and in base64 wherever it stands there.
func shownAs(secret string) map[string]string {
	quoted, err := json.Marshal(secret)
	if err != nil {
		panic(err)
	}
	goQuoted, ascii := strconv.Quote(secret), strconv.QuoteToASCII(secret)
	all := map[string]string{
		"plain": secret, "as JSON": string(quoted[1 : len(quoted)-1]), "quoted": goQuoted[1 : len(goQuoted)-1], "quoted in ASCII": ascii[1 : len(ascii)-1],
		"escaped": url.QueryEscape(secret), "escaped for a path": url.PathEscape(secret), "in hex": hex.EncodeToString([]byte(secret)),
	}
	for before := range 3 {
		text := base64.StdEncoding.EncodeToString(append(make([]byte, before), secret...))
		inner := text[(before*8+5)/6 : (before+len(secret))*8/6]
		all[fmt.Sprintf("in base64 (%d)", before)] = inner
		all[fmt.Sprintf("in base64 for addresses (%d)", before)] = strings.NewReplacer("+", "-", "/", "_").Replace(inner)
	}
	return all
}

// operate asks for all that an operator can see.
func (r *rig) operate(t *testing.T, h hoard) {
	t.Helper()
	for _, path := range []string{"/v1/status", "/v1/events", "/v1/stories", "/v1/plan", "/metrics", "/-/ready", "/-/healthy"} {
		h.add("the admin API", r.admin(t, http.MethodGet, path))
	}
	h.add("the admin API", r.admin(t, http.MethodPost, "/v1/reload/dry-run"))
	records, err := r.Events(t.Context(), router.Query{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	for _, rec := range records {
		h.add("the admin API", r.admin(t, http.MethodGet, "/v1/events/"+rec.Event.ID))
		story, err := r.Story(t.Context(), rec.Event.ID)
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(story)
		if err != nil {
			t.Fatal(err)
		}
		h.add("the embedding API", text, *story)
	}
	h.add("the embedding API", r.Plugins())
}

// admin calls the admin API.
func (r *rig) admin(t *testing.T, method, path string) string {
	t.Helper()
	client := &http.Client{Timeout: patience, Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", r.Socket())
		},
	}}
	req, err := http.NewRequestWithContext(t.Context(), method, "http://signalbox"+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || len(body) == 0 || resp.StatusCode == http.StatusNotFound {
		t.Errorf("%s %s: %s, %v", method, path, resp.Status, err)
	}
	return string(body)
}

// raw reads every file of the state directory, byte by byte.
func (r *rig) raw(t *testing.T, h hoard, place string) {
	t.Helper()
	err := filepath.WalkDir(filepath.Join(r.dir, "state"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil // it has gone since
		}
		h[place] += string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

var plantedPlace = regexp.MustCompile(`\{(file|credential|env|text):([a-z_]+)\}`)

// plant puts every secret where the configuration looks for it, and gives the
// configuration, and the secrets by name.
func (r *rig) plant(t *testing.T, text string) (planted string, secrets map[string]string) {
	t.Helper()
	dir := filepath.Join(r.dir, "secrets")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("CREDENTIALS_DIRECTORY", dir)
	secrets = map[string]string{"output": plantedValue("output"), "grant": plantedValue("grant")}
	planted = plantedPlace.ReplaceAllStringFunc(text, func(place string) string {
		m := plantedPlace.FindStringSubmatch(place)
		way, name := m[1], m[2]
		secrets[name] = plantedValue(name)
		switch way {
		case "text":
			return strconv.Quote(secrets[name])
		case "env":
			t.Setenv("PLANTED_"+name, secrets[name])
			return `env("PLANTED_` + name + `")`
		}
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(secrets[name]+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if way == "credential" {
			return `credential("` + name + `")`
		}
		return `file("` + path + `")`
	})
	return planted, secrets
}
