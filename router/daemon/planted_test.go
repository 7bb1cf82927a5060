package daemon_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/signalbox/signalbox/router"
	"github.com/signalbox/signalbox/router/daemon"
)

// TestPlantedSecrets plants a secret in every place that takes one, has much go
// wrong, and then looks for them wherever anybody can read.
func TestPlantedSecrets(t *testing.T) {
	r := newRig(t, "")
	echo := newEcho(t)
	text, secrets := r.plant(t, strings.ReplaceAll(plantedWith("serves", "", ""), "{receiver}", echo.URL))
	r.configure(t, text)
	t.Cleanup(r.stop)
	r.start(t)
	h := hoard{}

	h.add("answers", r.bind(t, secrets), r.badCallers(t, secrets))
	secrets["a token that was issued"] = r.issued(t, secrets["issued"])
	for _, eventType := range []string{"succeed", "retry", "reject", "panic", "crash", "outward"} {
		h.add("answers", r.send(t, r.posted(t, "/any?type="+eventType, `{"account":"`+plainMark+`"}`,
			"X-Id", eventType, "Authorization", "Bearer "+secrets["bearer"])))
	}
	r.quiet(t)
	r.badReloads(t, h, secrets, echo.URL)
	r.restart(t)
	r.quiet(t)
	h.add("answers", r.bind(t, secrets)) // a repeat, from the journal
	r.operate(t, h)
	r.raw(t, h, "the journal's files while it runs")
	r.stop()
	r.raw(t, h, "the journal's files")
	h.add("the log", r.log.text())

	// The marketplace alone is to have what the reply hands over.
	h["answers"] = strings.ReplaceAll(h["answers"], shownAs(secrets["grant"])["quoted"], "")
	h.expectNone(t, secrets)
	h.expectMark(t, "the log", "answers", "the admin API", "the journal's files", "the journal's files while it runs", "the embedding API")
	for _, want := range []string{"(secret)", "sealed:v1:"} {
		if !strings.Contains(h["the log"]+h["the journal's files"], want) {
			t.Errorf("nothing was covered as %s", want)
		}
	}
}

// newEcho answers every request with what it was sent.
func newEcho(t *testing.T) *httptest.Server {
	echo := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, _ := io.ReadAll(req.Body)
		w.WriteHeader(http.StatusForbidden)
		fmt.Fprintf(w, "%s refused: %v %q", plainMark, req.Header, body)
	}))
	t.Cleanup(echo.Close)
	return echo
}

// bind has the marketplace tell of a binding, whose answer hands secrets over.
func (r *rig) bind(t *testing.T, secrets map[string]string) answer {
	t.Helper()
	r.market.has("bind", page{body: strings.NewReplacer("SUBSCRIPTION_ORDER", "ADDON_BIND", "Blue Heron", plainMark).Replace(r.market.order(""))})
	got := r.send(t, r.notice(t, "/appdirect", "bind"))
	if !strings.Contains(got.Body, shownAs(secrets["grant"])["quoted"]) {
		t.Fatalf("the reply does not hand the secret over: %+v", got)
	}
	return got
}

// issued gets a token for notifications, and shows it at an address that takes
// none.
func (r *rig) issued(t *testing.T, secret string) string {
	t.Helper()
	req := r.posted(t, "/appdirect/oauth2/token", "grant_type=client_credentials&scope=NOTIFICATION", "Content-Type", "application/x-www-form-urlencoded")
	req.SetBasicAuth("widget-in", secret)
	got := r.send(t, req)
	var token struct {
		AccessToken string `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(got.Body), &token); err != nil || token.AccessToken == "" {
		req = r.posted(t, "/appdirect/oauth2/token", "grant_type=client_credentials", "Content-Type", "application/x-www-form-urlencoded")
		req.SetBasicAuth("widget-in", secret)
		if got = r.send(t, req); json.Unmarshal([]byte(got.Body), &token) != nil || token.AccessToken == "" {
			t.Fatalf("no token is issued: %+v", got)
		}
	}
	for _, path := range []string{"/appdirect?url=" + url.QueryEscape(r.market.address("none")), "/any?type=order", "/mesh"} {
		req := r.posted(t, path, `{}`, "Authorization", "Bearer "+token.AccessToken)
		r.send(t, req)
	}
	return token.AccessToken
}

// badCallers show the right secrets in the wrong places.
func (r *rig) badCallers(t *testing.T, secrets map[string]string) (answers []answer) {
	t.Helper()
	basic := func(path, user, password string) {
		req := r.posted(t, path, `{}`, "X-Id", "x")
		req.SetBasicAuth(user, password)
		answers = append(answers, r.send(t, req))
	}
	basic("/any?type=order", "somebody", secrets["poster"])
	basic("/appdirect", "somebody", secrets["basic"])
	basic("/appdirect/oauth2/token", "somebody", secrets["issued"])
	for _, req := range []*http.Request{
		r.posted(t, "/appdirect/validate?key="+url.QueryEscape(secrets["validation"]), "no form"),
		r.posted(t, "/appdirect/validate?key="+url.QueryEscape(secrets["validation"]+"x"), "no form"),
		r.posted(t, "/any?type=order&api_key="+secrets["bearer"], `{}`, "X-Api-Key", secrets["bearer"], "X-Id", "k"),
		r.posted(t, "/mesh", `{"data":`, "Authorization", "Bearer "+secrets["mesh"], "Content-Type", "application/cloudevents+json"),
		r.posted(t, "/subscriptionbridge/EventRequest", "<EventRequest><Username>store-1</Username><Token>"+url.QueryEscape("x")+"</Token>"),
	} {
		answers = append(answers, r.send(t, req))
	}
	r.eventRequest(t, "GUID-1")
	return answers
}

// quiet waits until no attempt is under way any more.
func (r *rig) quiet(t *testing.T) {
	t.Helper()
	r.eventually(t, func() error {
		for _, rec := range r.events(t) {
			if s := rec.State; !s.Finished() && s.Phase != router.Held {
				return fmt.Errorf("event %s of type %s is %s", rec.Event.ID, rec.Event.Type, s.Phase)
			}
		}
		return nil
	})
}

// badReloads have configurations refused, each near a secret.
func (r *rig) badReloads(t *testing.T, h hoard, secrets map[string]string, echo string) {
	t.Helper()
	good := plantedWith("serves", "", "")
	literal := func(from, to string) string {
		if !strings.Contains(good, from) {
			t.Fatalf("the configuration has no %s", from)
		}
		return strings.Replace(good, from, to, 1)
	}
	for name, text := range map[string]string{
		"a complaint of the plugin": plantedWith("serves", `word = "bad"`, ""),
		"a plugin that exits":       plantedWith("exits", "", ""),
		"a list":                    literal("{credential:consumer_before}", "[{text:in_a_list}]"),
		"an object":                 literal("{text:basic_before}", "{ secret = {text:in_an_object} }"),
		"a function that fails":     literal("{credential:hmac}", "parseint({file:in_a_function}, 10)"),
		"a key that is none":        literal("{file:seal_key}", "{text:no_key}"),
		"a form that is refused":    literal("{credential:billing}", "{text:no_stripe_key}"),
		"an address":                literal(`path = "/mesh"`, `path = "/mesh/${file("`+filepath.Join(r.dir, "secrets", "mesh")+`")}"`),
		"an unknown attribute":      literal("{file:smtp}", "{text:beside}\n pasword = {text:misspelt}"),
		"a local":                   plantedWith("serves", "", `locals { stolen = {file:local} }`),
		"a variable":                plantedWith("serves", "", "variable \"stolen\" {\n default = {env:variable}\n}"),
		"an input":                  literal(`email = "a@example.com", price`, `email = {credential:route}, price`),
		"a condition":               literal(`on   = ["ADDON_BIND"]`, "on = [\"ADDON_BIND\"]\n when = event.id != {file:condition}"),
		"a syntax error":            good + "\n" + `plugin "late" { config { token = {text:after_an_error} `,
	} {
		t.Run(name, func(t *testing.T) {
			planted, more := r.plant(t, strings.ReplaceAll(text, "{receiver}", echo))
			for name, secret := range more {
				secrets[name] = secret
			}
			r.configure(t, planted)
			diags, err := r.Reload(t.Context(), true)
			if bad := new(daemon.ConfigError); !errors.As(err, &bad) {
				t.Fatalf("the reload ends with %v", err)
			}
			h.add("diagnostics", written(t, diags), diags.JSON(), err)
			again, err := daemon.Validate(t.Context(), r.options.ConfigPath, nil, zerolog.New(r.log))
			h.add("diagnostics", written(t, again), again.JSON(), err)
			h.add("the admin API", r.admin(t, http.MethodPost, "/v1/reload"), r.admin(t, http.MethodPost, "/v1/reload/dry-run"))
		})
	}
	planted, _ := r.plant(t, strings.ReplaceAll(good, "{receiver}", echo))
	r.configure(t, planted)
	if diags, err := r.Reload(t.Context(), true); err != nil {
		t.Fatalf("%v\n%s", err, written(t, diags))
	}
}

// TestPlantedSecretsInACrash ends a daemon by a signal that has it print all its
// stacks.
func TestPlantedSecretsInACrash(t *testing.T) {
	r := newRig(t, "")
	text, secrets := r.plant(t, strings.ReplaceAll(plantedWith("serves", "", ""), "{receiver}", newEcho(t).URL))
	address := strings.TrimPrefix(r.public, "http://")
	r.configure(t, `listen = "`+address+`"`+"\n"+text)
	if err := r.options.Listener.Close(); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	var output bytes.Buffer
	cmd := exec.CommandContext(ctx, self, "run", r.options.ConfigPath)
	cmd.Env = append(os.Environ(), "GOTRACEBACK=all")
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &output, &output, patience
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	r.eventually(t, func() error {
		conn, err := net.DialTimeout("tcp", address, time.Second)
		if err == nil {
			conn.Close()
		}
		return err
	})
	r.bind(t, secrets)
	if err := cmd.Process.Signal(syscall.SIGQUIT); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err == nil || !strings.Contains(output.String(), "SIGQUIT: quit") || !strings.Contains(output.String(), "goroutine ") {
		t.Fatalf("it prints no stacks: %v\n%s", err, output.String())
	}
	hoard{"the crash output": output.String()}.expectNone(t, secrets)
}
