package config

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/signalbox/signalbox/router"
)

const fullConfig = `
listen           = "0.0.0.0:9000"
public_url       = "https://events.example.com"
state_dir        = "state"
shutdown_timeout = "1m"
retention        = "30d"
retention_size   = "500MB"
retention_payload = "7d"
give_up          = "1d12h"
callback_within  = "48h"
max_in_flight    = 12
log_level        = "debug"

tls {
  cert_file = "cert.pem"
  key_file  = "/etc/key.pem"
}

journal "sqlite" { path = "events.db" }

admin { socket = "/run/signalbox/admin.sock" }

source "appdirect" "acme" {
  path         = "/appdirect/acme"
  unrouted     = "accept"
  marketplaces = ["https://www.acme-marketplace.com"]
  oauth1 {
    consumer_key    = "gizmo-12056"
    consumer_secret = credential("stored")
  }
  oauth1 {
    consumer_key    = "other-1"
    consumer_secret = file("secret.txt")
  }
}

plugin "billing" {
  use = "billing"
  config {
    secret_key = env("STRIPE_KEY")
    prices     = { PRO = "price_1" }
    limits { per_second = 12345678901234567890 }
  }
}

plugin "own" {
  exec   = "bin/own"
  args   = ["-v"]
  env    = { TOKEN = "pre-${credential("stored")}", TZ = "UTC" }
  sha256 = "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855"
  mtls   = false
}

route "order" {
  from  = [source.appdirect.acme]
  on    = ["SUBSCRIPTION_ORDER"]
  when  = event.payload.order.editionCode != "FREE"
  final = true
  codes = { exists = "USER_ALREADY_EXISTS" }

  deliver "customer" {
    to      = plugin.billing.create_subscription
    timeout = "10s"
    with    = { email = event.attributes.creator.email, price = event.payload.order.editionCode }
    retry {
      attempts = 6
      initial  = "2s"
      max      = "20s"
      within   = "30m"
    }
  }
  deliver "note" {
    to       = plugin.own.note
    optional = true
    ordered  = false
    with     = { customer = deliver.customer.customer_id }
  }
  reply { accountIdentifier = deliver.customer.customer_id }
}

route "tell operators" {
  from = [source.signalbox]
  on   = ["delivery.failed"]
  deliver "note" { to = plugin.own.note }
}
`

func TestLoadReadsEverySetting(t *testing.T) {
	path := write(t, fullConfig)
	dir := filepath.Dir(path)
	env := testEnv()
	describe := env.Describe
	env.Describe = func(ctx context.Context, p Plugin) (router.PluginInfo, error) {
		if p.Name != "own" {
			return describe(ctx, p)
		}
		if !p.Config.Empty() {
			t.Error("Describe was given a config")
		}
		return router.PluginInfo{Actions: []router.Action{{Name: "note", Input: router.Schema{Attrs: []router.Attr{attr("customer", `"string"`)}}}}}, nil
	}
	got, diags := Load(context.Background(), path, env)
	if diags.Len() > 0 {
		t.Fatalf("diagnostics:\n%s", render(t, diags))
	}
	rules := router.DefaultRules()
	rules.GiveUp, rules.CallbackWithin = 36*time.Hour, 48*time.Hour
	want := &Config{
		Listen: "0.0.0.0:9000", PublicURL: "https://events.example.com", StateDir: filepath.Join(dir, "state"),
		TLS:       &TLS{CertFile: filepath.Join(dir, "cert.pem"), KeyFile: "/etc/key.pem"},
		Retention: 30 * 24 * time.Hour, RetentionPayload: 7 * 24 * time.Hour, RetentionSize: 500e6,
		ShutdownTimeout: time.Minute, MaxInFlight: 12, Rules: rules, LogLevel: "debug",
		Journal: Journal{Engine: "sqlite", Path: filepath.Join(dir, "events.db")},
		Admin:   Admin{Socket: "/run/signalbox/admin.sock"},
		Sources: []Source{{
			Kind: "appdirect", Name: "appdirect.acme", Path: "/appdirect/acme", Unrouted: UnroutedAccept, At: "config.hcl:23",
			Config: router.NewSecret([]byte(`{"event_parameters":["url","eventUrl"],"marketplaces":["https://www.acme-marketplace.com"],"max_event_size":1048576,` +
				`"oauth1":[{"consumer_key":"gizmo-12056","consumer_secret":"sk_stored_0451"},{"consumer_key":"other-1","consumer_secret":"sk_file_1138"}]}`)),
		}},
		Plugins: []Plugin{
			{Name: "billing", Use: "billing", MTLS: true, At: "config.hcl:37",
				Config: router.NewSecret([]byte(`{"limits":{"per_second":12345678901234567890},"prices":{"PRO":"price_1"},"secret_key":"sk_env_90210"}`))},
			{Name: "own", Exec: filepath.Join(dir, "bin/own"), Args: []string{"-v"}, At: "config.hcl:46", Config: router.NewSecret([]byte(`{}`)),
				SHA256: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
				Env:    map[string]router.Secret{"TOKEN": router.NewSecret([]byte("pre-sk_stored_0451")), "TZ": router.NewSecret([]byte("UTC"))}, EnvSecrets: []string{"TOKEN"}},
		},
	}
	revealed := cmp.Comparer(func(a, b router.Secret) bool { return string(a.Reveal()) == string(b.Reveal()) })
	if diff := cmp.Diff(want, got, revealed, cmpopts.IgnoreFields(Config{}, "Plan", "Snapshot")); diff != "" {
		t.Errorf("config (-want +got):\n%s", diff)
	}

	wantRoutes := []*router.Route{
		{Name: "order", At: "config.hcl:54", From: []string{"appdirect.acme"}, On: []string{"SUBSCRIPTION_ORDER"}, Final: true,
			Codes: map[string]string{"exists": "USER_ALREADY_EXISTS"},
			Deliver: []router.Spec{
				{Name: "customer", To: router.ActionRef{Plugin: "billing", Action: "create_subscription"}, Ordered: true,
					Policy: router.Policy{Attempts: 6, Initial: 2 * time.Second, Max: 20 * time.Second, Within: 30 * time.Minute, Timeout: 10 * time.Second}},
				{Name: "note", To: router.ActionRef{Plugin: "own", Action: "note"}, Needs: []string{"customer"}, Optional: true, Policy: router.DefaultPolicy()},
			}},
		{Name: "tell operators", At: "config.hcl:81", From: []string{"signalbox"}, On: []string{"delivery.failed"},
			Deliver: []router.Spec{{Name: "note", To: router.ActionRef{Plugin: "own", Action: "note"}, Ordered: true, Policy: router.DefaultPolicy()}}},
	}
	closures := []cmp.Option{cmpopts.IgnoreFields(router.Route{}, "When", "Reply"), cmpopts.IgnoreFields(router.Spec{}, "Input")}
	if diff := cmp.Diff(wantRoutes, got.Plan.Routes, closures...); diff != "" {
		t.Errorf("routes (-want +got):\n%s", diff)
	}
	for _, secret := range []string{storedSecret, envSecret, fileSecret} {
		if strings.Contains(string(got.Snapshot), secret) {
			t.Errorf("the snapshot holds the secret %q", secret)
		}
	}
}

func TestLoadDefaults(t *testing.T) {
	got, diags := Load(context.Background(), write(t, ""), testEnv())
	if diags.Len() > 0 {
		t.Fatalf("diagnostics:\n%s", render(t, diags))
	}
	want := &Config{
		Listen: "127.0.0.1:8480", StateDir: "/var/lib/signalbox", ShutdownTimeout: 30 * time.Second, Retention: 8760 * time.Hour, RetentionPayload: 8760 * time.Hour, RetentionSize: 10e9,
		MaxInFlight: 256, Rules: router.DefaultRules(), LogLevel: "info",
		Journal: Journal{Engine: "sqlite", Path: "/var/lib/signalbox/journal.db"},
	}
	if !got.SealKey.Empty() {
		t.Error("there is a key that nobody gave")
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(Config{}, "Plan", "Snapshot", "SealKey")); diff != "" {
		t.Errorf("config (-want +got):\n%s", diff)
	}
}

func TestLoadTakesADirectoryTogether(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"20-routes.hcl": "route \"b\" {\n from = [source.appdirect.acme]\n}\n",
		"10-routes.hcl": "route \"a\" {\n from = [source.appdirect.acme]\n}\n",
		"00-base.hcl":   preamble,
		"readme.txt":    "not HCL at all {{{",
		".hidden.hcl":   "nor this {{{",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, diags := Load(context.Background(), dir, testEnv())
	if diags.HasErrors() {
		t.Fatalf("diagnostics:\n%s", render(t, diags))
	}
	var places []string
	for _, route := range got.Plan.Routes {
		places = append(places, route.Name+" "+route.At)
	}
	if diff := cmp.Diff([]string{"a 10-routes.hcl:1", "b 20-routes.hcl:1"}, places); diff != "" {
		t.Errorf("routes (-want +got):\n%s", diff)
	}
}

func TestLoadOfWhatCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	loop := filepath.Join(dir, "loop.hcl")
	if err := os.Symlink(loop, loop); err != nil {
		t.Fatal(err)
	}
	huge := filepath.Join(dir, "huge.conf")
	if err := os.WriteFile(huge, make([]byte, maxFileBytes+1), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct{ path, want string }{
		"missing":          {filepath.Join(dir, "no.hcl"), "no such file"},
		"empty directory":  {t.TempDir(), "no file whose name ends in .hcl"},
		"a link to itself": {loop, "lead in a circle"},
		"too large":        {huge, "larger than 8388608 bytes"},
		"a chain":          {write(t, "a = 1"+strings.Repeat(" ? 1 : 1", 200_000)), "Too many operators"},
	} {
		t.Run(name, func(t *testing.T) {
			config, diags := Load(context.Background(), tc.path, testEnv())
			text := render(t, diags)
			if config != nil || !strings.Contains(strings.Join(strings.Fields(text), " "), tc.want) {
				t.Errorf("config %v, diagnostics do not say %q:\n%.2000s", config, tc.want, text)
			}
		})
	}
}
