# A configuration in a directory: its *.hcl files are read together, and those of
# tests/ are its tests. Without an account anywhere,
#
#     signalbox test examples/free-and-paid
#
# says whether the routes do what their operator means.

public_url = "https://events.example.com"

source "appdirect" "acme" {
  path         = "/appdirect/acme"
  marketplaces = ["https://www.acme-marketplace.com"]
  oauth1 {
    consumer_key    = "gizmo-12056"
    consumer_secret = "local-only-secret" # in production: credential("acme_secret")
  }
}

plugin "billing" {
  use = "billing"
  config {
    secret_key = "sk_test_local_only" # in production: credential("stripe_key")
    prices     = { BASIC = "price_1Basic", PREMIUM = "price_1Premium" }
  }
}

plugin "email" {
  use = "email"
  config {
    from    = "Gizmo <hello@gizmo.example>"
    product = "Gizmo"
    maildir = "./state/mail"
  }
}
