package daemon_test

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
)

// plantedConfig has a secret in every place that takes one. {file:NAME} and its
// like plant one there, in that way; NAME tells it from all others.
const plantedConfig = `
public_url = "{public}"
state_dir  = "{dir}/state"
log_level  = "debug"
seal_key   = {file:seal_key}

source "appdirect" "market" {
  path         = "/appdirect"
  marketplaces = ["{market}"]
  oauth1 {
    consumer_key    = "gizmo-12056"
    consumer_secret = {credential:consumer}
    previous_secret = {credential:consumer_before}
  }
  oauth2 {
    client_id       = "widget"
    client_secret   = {file:client}
    previous_secret = {env:client_before}
    issued {
      client_id       = "widget-in"
      client_secret   = {text:issued}
      previous_secret = {env:issued_before}
    }
  }
  oauth2 {
    client_id     = "gadget"
    client_secret = {file:other_client}
    basic {
      username          = "gadget-in"
      password          = {credential:basic}
      previous_password = {text:basic_before}
    }
  }
  order_validation { secret = {file:validation} }
}

source "subscriptionbridge" "store" {
  path     = "/subscriptionbridge"
  username = "store-1"
  password = {credential:store_password}
  api_key  = {credential:store_key}
  store {
    username          = "store-2"
    password          = {file:second_password}
    api_key           = {env:second_key}
    previous_password = {text:second_password_before}
    previous_api_key  = {text:second_key_before}
  }
}

source "webhook" "any" {
  path = "/any"
  id   = request.headers["X-Id"]
  type = request.query.type
  standard_webhooks {
    secret          = {file:standard}
    previous_secret = {file:standard_before}
  }
  stripe {
    secret          = {file:stripe}
    previous_secret = {text:stripe_before}
  }
  hmac {
    secret          = {credential:hmac}
    previous_secret = {env:hmac_before}
  }
  basic {
    username          = "poster"
    password          = {file:poster}
    previous_password = {file:poster_before}
  }
  bearer {
    token          = {credential:bearer}
    previous_token = {env:bearer_before}
  }
}

source "cloudevents" "mesh" {
  path = "/mesh"
  bearer { token = {file:mesh} }
}

plugin "safe" {
  exec = "{self}"
  args = ["planted-plugin", "{mode}"]
  env  = { PLANTED_GIVEN = {credential:given} }
  config {
    token = {credential:config}
    {word}
  }
}

plugin "hook" {
  use = "webhook"
  config {
    url     = "{receiver}"
    secret  = {file:hook}
    headers = { X-Key = {env:header} }
  }
}

plugin "billing" {
  use = "billing"
  config {
    secret_key      = {credential:billing}
    test_secret_key = {file:billing_test}
    base_url        = "{receiver}"
    prices          = { PRO = "price_1" }
  }
}

plugin "crm" {
  use = "crm"
  config {
    access_token      = {text:crm}
    test_access_token = {env:crm_test}
    base_url          = "{receiver}"
  }
}

plugin "cart" {
  use = "subscriptionbridge"
  config {
    server {
      url      = "{receiver}"
      username = "u"
      password = {file:cart_password}
      api_key  = {text:cart_key}
    }
  }
}

plugin "mail" {
  use = "email"
  config {
    from = "a@example.com"
    smtp {
      host     = "127.0.0.1"
      port     = 1
      tls      = "none"
      username = "u"
      password = {file:smtp}
    }
  }
}

route "bind" {
  from = [source.appdirect.market]
  on   = ["ADDON_BIND"]
  deliver "issue" { to = plugin.safe.issue }
  deliver "use" {
    to   = plugin.safe.act
    with = { do = "succeed", pin = deliver.issue.token }
  }
  reply { metadata = deliver.issue.grants }
}

route "blabber" {
  from = [source.webhook.any]
  on   = ["succeed", "retry", "reject", "panic", "crash"]
  deliver "issue" { to = plugin.safe.issue }
  deliver "act" {
    to   = plugin.safe.act
    with = { do = event.type, pin = deliver.issue.token }
    retry {
      attempts = 2
      initial  = "1ms"
      max      = "1ms"
    }
  }
  reply { message = "{mark}" }
}

route "outward" {
  from = [source.webhook.any, source.subscriptionbridge.store]
  on   = ["outward", "Balance_Due"]
  deliver "hook" {
    to       = plugin.hook.post
    optional = true
    retry { attempts = 1 }
  }
  deliver "billing" {
    to       = plugin.billing.create_subscription
    optional = true
    with     = { email = "a@example.com", price = "PRO" }
    retry { attempts = 1 }
  }
  deliver "crm" {
    to       = plugin.crm.upsert_contact
    optional = true
    with     = { email = "a@example.com" }
    retry { attempts = 1 }
  }
  deliver "cart" {
    to       = plugin.cart.event_request
    optional = true
    with     = { guid = "G", action = "Balance_Due" }
    retry { attempts = 1 }
  }
  deliver "mail" {
    to       = plugin.mail.send
    optional = true
    with     = { template = "welcome", to = "b@example.com" }
    retry { attempts = 1 }
  }
}

route "tell" {
  from = [source.signalbox]
  deliver "note" {
    to   = plugin.safe.note
    with = { about = jsonencode(event.payload) }
  }
}
{more}
`

// plainMark is no secret, and goes where the secrets go: where it is not found,
// nothing was looked through.
const plainMark = "pl41n-mark-of-an-account"

// plantedValue is the secret of that name. It looks otherwise in JSON, in HCL
// and in an address than it is; some have a form that others ask of them.
func plantedValue(name string) string {
	sum := sha256.Sum256([]byte(name))
	unique := fmt.Sprintf("%x", sum[:8])
	switch name {
	case "consumer":
		return consumerSecret // the rig's marketplace signs with it
	case "store_password":
		return storePassword
	case "store_key":
		return storeAPIKey
	case "seal_key":
		return base64.StdEncoding.EncodeToString(sum[:])
	case "standard", "standard_before", "hook":
		return "whsec_" + base64.StdEncoding.EncodeToString(sum[:])
	case "billing", "billing_test":
		return "sk_test_" + unique + "Pl4nted"
	case "second_key", "second_key_before", "cart_key":
		return strings.ToUpper(fmt.Sprintf("%x", sum[:16]))
	case "bearer", "bearer_before", "mesh":
		return "pl4nted-" + unique // a header takes no others
	}
	return "pl4nt\u00e9d/" + unique + `+"&` + strings.ReplaceAll(name, "_", " ")
}

// plantedWith is the configuration with the plugin in a mode, a word in its
// configuration, and something more at the end.
func plantedWith(mode, word, more string) string {
	return strings.NewReplacer("{mode}", mode, "{word}", word, "{more}", more, "{mark}", plainMark).Replace(plantedConfig)
}
