# What the sandbox runs: every kind of event has a route, every bundled plugin
# but webhook has work. The addresses are the stand-ins' of this very process.

public_url = "{{ .Public }}"
state_dir  = "{{ .StateDir }}"

source "appdirect" "market" {
  path         = "/appdirect"
  marketplaces = ["{{ .Marketplace }}", "http://127.0.0.1:8481"] # the second is `signalbox simulate`'s
  oauth1 {
    consumer_key    = "{{ .ConsumerKey }}"
    consumer_secret = "{{ .ConsumerSecret }}"
  }
}

source "subscriptionbridge" "store" {
  path     = "/subscriptionbridge"
  username = "{{ .Username }}"
  password = "{{ .Password }}"
  api_key  = "{{ .APIKey }}"
}

plugin "billing" {
  use = "billing"
  config {
    secret_key      = "sk_test_sandbox"
    test_secret_key = "sk_test_sandbox"
    base_url        = "{{ .Stripe }}"
    prices = {
      BASIC   = "price_basic"
      PREMIUM = "price_premium"
    }
  }
}

plugin "crm" {
  use = "crm"
  config {
    access_token = "pat-sandbox"
    base_url     = "{{ .HubSpot }}"
  }
}

plugin "email" {
  use = "email"
  config {
    from = "signalbox <hello@vendor.example>"
    smtp {
      host = "{{ .MailHost }}"
      port = {{ .MailPort }}
      tls  = "none"
    }
  }
}

# --- the life of a subscription ------------------------------------------------

route "order" {
  from = [source.appdirect.market]
  on   = ["SUBSCRIPTION_ORDER"]

  deliver "customer" {
    to = plugin.billing.create_subscription
    with = {
      email    = event.attributes.creator.email
      name     = event.payload.company.name
      price    = event.payload.order.editionCode
      quantity = event.payload.order.items[0].quantity
    }
    retry { # soon used up, since somebody watches: the default goes on for a day
      attempts = {{ .OrderAttempts }}
      initial  = "100ms"
    }
  }
  deliver "company" {
    to = plugin.crm.upsert_company
    with = {
      account = deliver.customer.customer_id # so this runs after "customer"
      name    = event.payload.company.name
    }
  }
  deliver "welcome" {
    to       = plugin.email.send
    optional = true
    with     = { template = "welcome", to = event.attributes.creator.email }
  }
  reply { accountIdentifier = deliver.customer.customer_id }
}

route "change" {
  from = [source.appdirect.market]
  on   = ["SUBSCRIPTION_CHANGE"]

  deliver "subscription" {
    to = plugin.billing.change_subscription
    with = {
      customer_id = event.payload.account.accountIdentifier
      price       = event.payload.order.editionCode
      quantity    = event.payload.order.items[0].quantity
    }
    retry { initial = "200ms" }
  }
  deliver "mail" {
    to       = plugin.email.send
    optional = true
    with     = { template = "changed", to = event.attributes.creator.email }
  }
}

route "cancel" {
  from = [source.appdirect.market]
  on   = ["SUBSCRIPTION_CANCEL"]

  deliver "subscription" {
    to   = plugin.billing.cancel_subscription
    with = { customer_id = event.payload.account.accountIdentifier }
  }
  deliver "mail" {
    to       = plugin.email.send
    optional = true
    with     = { template = "cancelled", to = event.attributes.creator.email }
  }
}

route "closed by the marketplace" {
  from = [source.appdirect.market]
  on   = ["SUBSCRIPTION_NOTICE"]
  when = event.payload.notice.type == "CLOSED"

  deliver "subscription" {
    to   = plugin.billing.cancel_subscription
    with = { customer_id = event.payload.account.accountIdentifier }
  }
}

route "notice" {
  from = [source.appdirect.market]
  on   = ["SUBSCRIPTION_NOTICE"]

  deliver "mail" {
    to   = plugin.email.send
    with = { template = "notice", to = "ops@vendor.example" }
  }
}

# --- people -----------------------------------------------------------------------

route "seat given" {
  from = [source.appdirect.market]
  on   = ["USER_ASSIGNMENT", "USER_UPDATED"]

  deliver "contact" {
    to = plugin.crm.upsert_contact
    with = {
      email      = event.payload.user.email
      first_name = event.payload.user.firstName
      last_name  = event.payload.user.lastName
    }
  }
}

route "seat taken" {
  from = [source.appdirect.market]
  on   = ["USER_UNASSIGNMENT"]

  deliver "mail" {
    to   = plugin.email.send
    with = { template = "unassigned", to = event.payload.user.email }
  }
}

# --- add-ons ------------------------------------------------------------------------

route "add-on order" {
  from = [source.appdirect.market]
  on   = ["ADDON_ORDER"]

  deliver "company" {
    to = plugin.crm.upsert_company
    with = {
      account    = event.payload.account.accountIdentifier
      properties = { addon = event.payload.order.addonOfferingCode }
    }
  }
  reply { id = "addon-${event.id}" }
}

route "add-on bind" {
  from = [source.appdirect.market]
  on   = ["ADDON_BIND"]

  deliver "mail" {
    to   = plugin.email.send
    with = { template = "notice", to = "ops@vendor.example" }
  }
  reply {
    id       = "binding-${event.id}"
    metadata = { url = "https://vendor.example/${event.payload.addonInstance.id}" }
  }
}

route "add-on, the rest" {
  from = [source.appdirect.market]
  on   = ["ADDON_CHANGE", "ADDON_UNBIND", "ADDON_CANCEL"]

  deliver "mail" {
    to   = plugin.email.send
    with = { template = "notice", to = "ops@vendor.example" }
  }
}

# --- SubscriptionBridge -----------------------------------------------------------

route "trial ending" {
  from = [source.subscriptionbridge.store]
  on   = ["Trial_Ending_Reminder", "Trial_Ending_Reminder_Final"]

  deliver "mail" {
    to   = plugin.email.send
    with = { template = "trial_ending", to = "${event.payload.guid}@customers.example" }
  }
}

route "balance due" {
  from = [source.subscriptionbridge.store]
  on   = ["Balance_Due", "Balance_Due_Final"]

  deliver "mail" {
    to   = plugin.email.send
    with = { template = "balance_due", to = "${event.payload.guid}@customers.example" }
  }
}

route "subscription canceled" {
  from = [source.subscriptionbridge.store]
  on   = ["Subscription_Canceled"]

  deliver "mail" {
    to   = plugin.email.send
    with = { template = "cancelled", to = "${event.payload.guid}@customers.example" }
  }
}

# --- what goes wrong ---------------------------------------------------------------

route "tell operators" {
  from = [source.signalbox]

  deliver "mail" {
    to   = plugin.email.send
    with = { template = "failure", to = "ops@vendor.example" }
  }
}
