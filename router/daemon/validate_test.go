package daemon_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"github.com/signalbox/signalbox/router/daemon"
)

// TestValidateFindsWhatOnlyTheProtocolsKnow: what a source refuses of its own
// settings, and what its replies need, is shown on the operator's line.
func TestValidateFindsWhatOnlyTheProtocolsKnow(t *testing.T) {
	const good = `public_url = "https://events.example.com"
source "appdirect" "acme" {
  path         = "/appdirect"
  marketplaces = ["https://www.acme-marketplace.com"]
  oauth1 {
    consumer_key    = "gizmo"
    consumer_secret = "s3cr3t-of-acme"
  }
}
plugin "email" {
  use = "email"
  config {
    from    = "hello@vendor.example"
    maildir = "mail"
  }
}
route "order" {
  from = [source.appdirect.acme]
  on   = ["SUBSCRIPTION_ORDER"]
  deliver "mail" {
    to   = plugin.email.send
    with = { template = "welcome", to = event.attributes.creator.email }
  }
  reply { accountIdentifier = event.id }
}
`
	const twoProducts = `  oauth2 {
    client_id     = "gizmo-1"
    client_secret = "s3cr3t"
    basic {
      username = "acme"
      password = "s3cr3t"
    }
  }
  oauth2 {
    client_id     = "gizmo-2"
    client_secret = "s3cr3t"
    issued {
      client_id     = "acme"
      client_secret = "s3cr3t"
    }
  }
`
	for _, tc := range []struct{ name, old, new, line, why string }{
		{"nothing", "", "", "", ""},
		{"a marketplace without a scheme", `"https://www.acme-marketplace.com"`, `"www.acme-marketplace.com"`, "config.hcl line 4", "A setting that can't work"},
		{"a limit past the marketplace's", `  oauth1 {`, "  reply_within = \"9s\"\n  oauth1 {", "config.hcl line 5", "longer than the 5s that a marketplace waits"},
		{"a setting in a block of a block that repeats", "  oauth1 {", twoProducts + "  oauth1 {", "config.hcl line 18", "at least 16 characters"},
		{"an order that is never answered", "  reply { accountIdentifier = event.id }\n", "", "config.hcl line 17", "must reply with accountIdentifier"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "config.hcl")
			if err := os.WriteFile(path, []byte(strings.Replace(good, tc.old, tc.new, 1)), 0o600); err != nil {
				t.Fatal(err)
			}
			diags, err := daemon.Validate(t.Context(), path, nil, zerolog.Nop())
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			if err := diags.Write(&out, false, 0); err != nil {
				t.Fatal(err)
			}
			if tc.why == "" && diags.Len() > 0 || !strings.Contains(out.String(), tc.line) || !strings.Contains(out.String(), tc.why) {
				t.Errorf("want %q at %q:\n%s", tc.why, tc.line, out.String())
			}
			if strings.Contains(out.String(), "s3cr3t") {
				t.Errorf("a secret is shown:\n%s", out.String())
			}
		})
	}
}

// TestAJournalThatCantBeOpened is an error with its reason, not a crash.
func TestAJournalThatCantBeOpened(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "config.hcl")
	if err := os.WriteFile(path, []byte(`state_dir = "/proc/nope"`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := daemon.New(t.Context(), daemon.Options{ConfigPath: path, Log: zerolog.Nop()}); err == nil || !strings.Contains(err.Error(), "/proc/nope") {
		t.Errorf("the error is %v, want one that names the directory", err)
	}
}
