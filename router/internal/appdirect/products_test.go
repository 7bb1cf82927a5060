package appdirect

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/signalbox/signalbox/router"
)

func TestNewRefusesProducts(t *testing.T) {
	const short = "hunter2-hunter2"
	by := func(blocks ...obj) obj { return productBlocks(blocks...) }
	ofIssuer := func(client string, change obj) obj {
		b := obj{"issuer": "https://login.example", "jwks_url": "https://login.example/keys", "audience": "signalbox", "client": client}
		for name, v := range change {
			b[name] = v
		}
		return obj{"issuer": b}
	}
	two := basic(testUser, testPassword)
	two["issued"] = issued(testIssued, testIssuedSecret)["issued"]
	for _, tt := range []struct {
		name string
		more obj
		attr string
		want string
	}{
		{"no product at all", by(), "oauth1", "at least one product"},
		{"no client id", by(separate("", basic("u", "p"))), "oauth2.0", "must not be empty"},
		{"no way in", by(separate("a", nil)), "oauth2.0", "exactly one of the blocks"},
		{"two ways in", by(separate("a", two)), "oauth2.0", "exactly one of the blocks"},
		{"one client id twice", by(separate("a", basic("u", "p")), separate("a", basic("v", "p"))), "oauth2.1.client_id", `product "a": another product`},
		{"a client id that is a consumer key", obj{"oauth2": []obj{separate(testKey, basic("u", "p"))}}, "oauth2.0.client_id", "another product"},
		{"a client id that is the test key", obj{"allow_dummy": true, "oauth2": []obj{separate("Dummy", basic("u", "p"))}}, "oauth2.0.client_id", "another product"},
		{"one user twice", by(separate("a", basic("u", "p")), separate("b", basic("u", "q"))), "oauth2.1.basic.username", `product "b": another product has the username`},
		{"no user", by(separate("a", basic("", "p"))), "oauth2.0.basic", "must not be empty"},
		{"no password", by(separate("a", basic("u", ""))), "oauth2.0.basic", "must not be empty"},
		{"a colon in the user", by(separate("a", basic("u:v", "p"))), "oauth2.0.basic.username", "colon"},
		{"one issued client twice", by(separate("a", issued("c", testIssuedSecret)), separate("b", issued("c", testIssuedSecret))), "oauth2.1.issued.client_id", `product "b": another product issues`},
		{"no issued client", by(separate("a", issued("", testIssuedSecret))), "oauth2.0.issued.client_id", "must not be empty"},
		{"a short secret", by(separate("a", issued("c", short))), "oauth2.0.issued.client_secret", "at least 16"},
		{"a short previous secret", by(separate("a", obj{"issued": obj{"client_id": "c", "client_secret": testIssuedSecret, "previous_secret": short}})), "oauth2.0.issued.previous_secret", "at least 16"},
		{"a lifetime that is none", by(separate("a", obj{"issued": obj{"client_id": "c", "client_secret": testIssuedSecret, "lifetime": "long"}})), "oauth2.0.issued.lifetime", "lifetime"},
		{"a short lifetime", by(separate("a", obj{"issued": obj{"client_id": "c", "client_secret": testIssuedSecret, "lifetime": "59s"}})), "oauth2.0.issued.lifetime", "lifetime"},
		{"a lifetime without an end", by(separate("a", obj{"issued": obj{"client_id": "c", "client_secret": testIssuedSecret, "lifetime": "9000h"}})), "oauth2.0.issued.lifetime", "lifetime"},
		{"one client of an issuer twice", by(separate("a", ofIssuer("c", nil)), separate("b", ofIssuer("c", nil))), "oauth2.1.issuer.client", `product "b": another product has the issuer`},
		{"an issuer with two key sets", by(separate("a", ofIssuer("c", nil)), separate("b", ofIssuer("d", obj{"jwks_url": "https://login.example/other"}))), "oauth2.1.issuer.jwks_url", "with another one"},
		{"no audience", by(separate("a", ofIssuer("c", obj{"audience": ""}))), "oauth2.0.issuer", "must not be empty"},
		{"no client of an issuer", by(separate("a", ofIssuer("", nil))), "oauth2.0.issuer", "must not be empty"},
		{"keys over http", by(separate("a", ofIssuer("c", obj{"jwks_url": "http://login.example/keys"}))), "oauth2.0.issuer.jwks_url", "plain http"},
		{"keys that are a file", by(separate("a", ofIssuer("c", obj{"jwks_url": "file:///keys"}))), "oauth2.0.issuer.jwks_url", "not an http or https address"},
		{"public address over http", obj{"public_url": "http://events.example.com", "oauth2": []obj{separate("a", basic("u", "p"))}}, "public_url", "plain http"},
		{"marketplace over http", obj{"marketplaces": []string{"http://m.example"}, "oauth2": []obj{separate("a", basic("u", "p"))}}, "marketplaces", "plain http"},
		{"alias over http", obj{"aliases": obj{"http://m.example": testMarketplace}, "oauth2": []obj{separate("a", basic("u", "p"))}}, "marketplaces", "plain http"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := New("appdirect.acme", config(t, tt.more), router.SourceDeps{PublicURL: testPublic, Path: "/a", Now: time.Now})
			var setting *router.SettingError
			if !errors.As(err, &setting) || setting.Attr != tt.attr || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("New: %v; want %s, %q", err, tt.attr, tt.want)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("a secret shows in %v", err)
			}
		})
	}
}

func TestCredentialBlocksAreWhole(t *testing.T) {
	var walk func(at string, blocks []router.Block)
	walk = func(at string, blocks []router.Block) {
		for _, b := range blocks {
			at := at + "/" + b.Name
			if b.Doc == "" {
				t.Errorf("%s has no words", at)
			}
			for _, a := range b.Schema.Attrs {
				hides := strings.Contains(a.Name, "secret") || strings.Contains(a.Name, "password")
				if a.Sensitive != hides || a.Doc == "" || !json.Valid(a.Type) || a.Default != nil && !json.Valid(a.Default) {
					t.Errorf("%s/%s: %+v", at, a.Name, a)
				}
			}
			walk(at, b.Schema.Blocks)
		}
	}
	walk("", credentialBlocks())
}

// TestNewAllowsHTTPOnOneMachine: nobody can listen there.
func TestNewAllowsHTTPOnOneMachine(t *testing.T) {
	for _, public := range []string{"http://127.0.0.1:8480", "http://[::1]", "http://localhost:1", "http://events.localhost"} {
		more := productBlocks(separate("a", basic("u", "p")))
		more["public_url"], more["marketplaces"] = public, []string{"http://127.0.0.1:1"}
		if _, err := New("appdirect.acme", config(t, more), router.SourceDeps{Path: "/a", Now: time.Now}); err != nil {
			t.Errorf("%s: %v", public, err)
		}
	}
}
