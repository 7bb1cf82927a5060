# A vendor on an AppDirect marketplace who bills with Stripe, keeps customers in
# HubSpot and greets them by mail. Secrets come from systemd: LoadCredential= in
# the unit, one line for each credential() below.

public_url = "https://events.example.com"

source "appdirect" "acme" {
  path         = "/appdirect/acme"
  marketplaces = ["https://www.acme-marketplace.com"]
  oauth1 {
    consumer_key    = "gizmo-12056"
    consumer_secret = credential("acme_secret")
  }
}

plugin "billing" {
  use = "billing"
  config {
    secret_key      = credential("stripe_key")
    test_secret_key = credential("stripe_test_key") # DEVELOPMENT events bill nobody
    prices          = { BASIC = "price_1Basic", PREMIUM = "price_1Premium" }
  }
}

plugin "crm" {
  use = "crm"
  config { access_token = credential("hubspot_token") }
}

plugin "email" {
  use = "email"
  config {
    from    = "Gizmo <hello@gizmo.example>"
    product = "Gizmo"
    smtp {
      host     = "smtp.gizmo.example"
      username = "gizmo"
      password = credential("smtp_password")
    }
  }
}

route "order" {
  from = [source.appdirect.acme]
  on   = ["SUBSCRIPTION_ORDER"]
  when = event.payload.order.editionCode != "FREE"

  deliver "customer" {
    to = plugin.billing.create_subscription
    with = {
      email    = event.attributes.creator.email
      name     = event.payload.company.name
      price    = event.payload.order.editionCode
      quantity = try(event.payload.order.items[0].quantity, 1)
    }
    retry {
      attempts = 6
      within   = "30m"
    }
  }
  deliver "company" {
    to   = plugin.crm.upsert_company
    with = { account = deliver.customer.customer_id, name = event.payload.company.name }
  }
  deliver "welcome" {
    to       = plugin.email.send
    optional = true
    with     = { template = "welcome", to = event.attributes.creator.email }
  }

  reply { accountIdentifier = deliver.customer.customer_id }
  codes = { card_declined = "FORBIDDEN" } # a plugin's code → AppDirect's
}

route "cancel" {
  from = [source.appdirect.acme]
  on   = ["SUBSCRIPTION_CANCEL"]

  deliver "subscription" {
    to   = plugin.billing.cancel_subscription
    with = { customer_id = event.payload.account.accountIdentifier }
  }
}

route "closed for non-payment" {
  from = [source.appdirect.acme]
  on   = ["SUBSCRIPTION_NOTICE"]
  when = event.payload.notice.type == "CLOSED"

  deliver "subscription" {
    to   = plugin.billing.cancel_subscription
    with = { customer_id = event.payload.account.accountIdentifier }
  }
}

route "tell operators" {
  from = [source.signalbox]
  on   = ["delivery.failed", "event.held", "callback.refused", "plugin.down"]

  deliver "mail" {
    to   = plugin.email.send
    with = { template = "failure", to = "ops@gizmo.example" }
  }
}
