# The reference configuration of signalbox.
#
# It runs as it stands, without an account anywhere:
#
#     signalbox run config.hcl                                 serve
#     signalbox simulate appdirect SUBSCRIPTION_ORDER          be the marketplace
#     signalbox events list --socket state/admin.sock          see what came of it
#
# What is commented out shows the rest. Every attribute not shown has a default;
# `signalbox validate` names the ones it does not know, and what was meant.

# --- the daemon ----------------------------------------------------------------

listen     = "127.0.0.1:8480"        # put a TLS terminator in front, or see tls below; a reload can change it without dropping a connection
public_url = "http://127.0.0.1:8480" # the address that callers know: signatures are made over it
state_dir  = "./state"               # default: systemd's StateDirectory, else ./state

# seal_key = credential("seal_key") # what sensitive values are sealed with; default: state_dir/seal.key, to be kept with the journal's backups

# shutdown_timeout  = "30s"    # for what runs when SIGTERM comes
# retention         = "365d"   # finished events are kept this long
# retention_size    = "10GB"   # above it the oldest finished events go; "0" is no limit
# retention_payload = "90d"    # what events carried is kept this long; default: as long as the event
# give_up           = "24h"    # a held event that nobody resolves ends as an error
# callback_within   = "72h"    # an answer that can't be delivered is tried this long
# pending_alert     = "15m"    # a caller that was told to wait is told of after this long
# max_in_flight     = 256      # events fetched at one time; as many more are told to wait, then "not now"
# log_level         = "info"   # debug shows the base string of a refused signature

# tls {
#   cert_file = "/etc/signalbox/chain.pem"
#   key_file  = "/etc/signalbox/key.pem"
# }

journal "sqlite" {} # state_dir/journal.db; every answer waits for its flush

# --- where events come from ----------------------------------------------------

source "appdirect" "local" {
  path         = "/appdirect"
  marketplaces = ["http://127.0.0.1:8481"] # nothing is fetched from anywhere else
  oauth1 {
    consumer_key    = "gizmo-12056"
    consumer_secret = "local-only-secret" # in production: credential("acme_secret"), file("path") or env("NAME")
  }

  # oauth2 {                      # a product with separate credentials; it needs https
  #   client_id     = "gizmo-991"                                # ours, for {marketplace}/oauth2/token
  #   client_secret = file("/etc/signalbox/gizmo_client")        # previous_secret while it rotates
  #   issued {                    # how its notifications prove themselves: tokens of PATH/oauth2/token, which is ours
  #     client_id     = "gizmo-notifications"
  #     client_secret = file("/etc/signalbox/gizmo_tokens")
  #   }                           # or basic { username, password }, or issuer { issuer, jwks_url, audience, client }
  # }

  # aliases              = { "https://acme.appdirect.com" = "https://www.acme-marketplace.com" } # another name of a marketplace
  # private_marketplaces = ["https://market.corp.example"]      # whose name leads to a private address; others may not
  # token_base           = "https://www.acme-marketplace.com"   # for endpoints that are sent {token} rather than {eventUrl}

  # interactive = true     # customers' browsers are sent here too, and back; AppDirect discourages it
  # order_validation {     # a checkout has its form checked, as an ORDER_VALIDATION: in memory only, nothing is kept
  #   secret     = credential("validation_key") # in the marketplace: PATH/validate?key=…
  #   on_failure = "WARN"                       # what can't be checked in time: the customer goes on; or "ERROR"
  # }

  # reply_within = "4s"    # of the 5 s that AppDirect waits
  # unrouted     = "error" # an event no route takes; or "accept"
}

source "subscriptionbridge" "local" {
  path     = "/subscriptionbridge"
  username = "local-store"
  password = "local-only-password"
  api_key  = "0123456789ABCDEF0123456789ABCDEF"

  # allow_from      = ["203.0.113.0/24"] # addresses that the store calls from; anybody's if it is left out
  # trusted_proxies = ["127.0.0.1"]      # whose X-Forwarded-For is believed
  # store { username, password, api_key } # one block for each further store
  # compat { ack = true }                 # answer as later clients read it
}

# Any JSON that is posted, by senders that prove themselves. The answer is 200 (done),
# 202 (accepted), 422 (refused for good) or 503 (not now).
source "webhook" "local" {
  path = "/webhook"
  hmac { secret = "local-only-secret" } # as GitHub signs; or standard_webhooks, stripe, basic, bearer: several, if several send

  # Where a request has what. For standard_webhooks, stripe and hmac (GitHub's header) id and type need not be given.
  # id   = request.headers["X-Delivery"] # what a repeat has in common with the first
  # type = request.body.event
  lane = try(request.body.repository.full_name, null) # events of one lane run one after the other

  # schema {                       # what payloads look like, so that routes are checked against it
  #   on      = ["issues"]         # every type that has no schema of its own, if it is left out
  #   payload = object({ action = string, issue = object({ title = string, assignee = optional(string) }) })
  # }

  unrouted = "accept" # senders post all they have: what no route takes is no error, or they would repeat it for days
}

# CloudEvents 1.0, binary or structured. The id and source tell a repeat; partitionkey, else the subject, is the lane.
source "cloudevents" "local" {
  path = "/events"
  bearer { token = "local-only-token" }
}

# --- what is done about them: plugins, each a process of its own -----------------

plugin "email" {
  use = "email"
  config {
    from    = "signalbox <hello@vendor.example>"
    product = "Gizmo"
    maildir = "./state/mail" # in production: smtp { host, port, username, password }
  }
}

# plugin "billing" {
#   use = "billing"
#   config {
#     secret_key = credential("stripe_key") # systemd: LoadCredential=stripe_key:/etc/signalbox/stripe_key
#     prices     = { BASIC = "price_1", PREMIUM = "price_2" }
#   }
# }

# plugin "cart" {                          # the other side of SubscriptionBridge
#   use = "subscriptionbridge"
#   config {
#     callback_url = "https://shop.example/sb.asp" # for the action callback
#   }
# }

# plugin "acme" {                          # a third party's
#   exec          = "/usr/lib/signalbox/plugins/acme"
#   sha256        = "…"
#   max_in_flight = 8                      # calls at one time
#   rate          = 20                     # calls a second
# }

# --- which event goes where -------------------------------------------------------

route "order" {
  from = [source.appdirect.local]
  on   = ["SUBSCRIPTION_ORDER"]

  deliver "welcome" {
    to   = plugin.email.send
    with = { template = "welcome", to = event.attributes.creator.email }
    retry {
      attempts = 6
      within   = "30m"
    }
  }

  # An ORDER must be answered with the account's identifier. With billing it
  # would be deliver.customer.customer_id.
  reply { accountIdentifier = "account-${event.id}" }
}

route "change" {
  from = [source.appdirect.local]
  on   = ["SUBSCRIPTION_CHANGE", "SUBSCRIPTION_CANCEL"]

  deliver "mail" {
    to = plugin.email.send
    with = {
      template = event.type == "SUBSCRIPTION_CANCEL" ? "cancelled" : "changed"
      to       = event.attributes.creator.email
    }
  }
}

route "users" {
  from = [source.appdirect.local]
  on   = ["USER_ASSIGNMENT", "USER_UNASSIGNMENT"]
  when = can(event.payload.user.email)

  deliver "mail" {
    to = plugin.email.send
    with = {
      template = event.type == "USER_ASSIGNMENT" ? "assigned" : "unassigned"
      to       = event.payload.user.email
    }
  }
}

route "notices" {
  from = [source.appdirect.local]
  on   = ["SUBSCRIPTION_NOTICE"]

  deliver "mail" {
    to       = plugin.email.send
    optional = true # the answer does not wait for it, and does not depend on it
    with     = { template = "notice", to = "ops@vendor.example" }
  }
}

route "dunning" {
  from = [source.subscriptionbridge.local]
  on   = ["Balance_Due", "Balance_Due_Final"]

  deliver "mail" {
    to   = plugin.email.send
    with = { template = "balance_due", to = "${event.payload.guid}@customers.example" }
  }
}

# route "posted" {                                          # one route for what comes from anywhere
#   from = [source.webhook.local, source.cloudevents.local]
#   on   = ["issues", "com.example.order"]
#   when = event.payload.action == "opened"
#   deliver "note" {
#     to   = plugin.acme.note
#     with = { title = event.payload.issue.title, sender = event.attributes.headers.user-agent }
#   }
#   reply { message = "Thank you." }                        # for the sender's log
# }

# variable "desk" { default = "help@vendor.example" }       # set with --var desk=…, or SIGNALBOX_VAR_desk
# locals { free = ["FREE", "TRIAL"] }

# route "paid order" {
#   from = [source.appdirect.local]
#   on   = ["SUBSCRIPTION_ORDER"]
#   deliver "customer" {
#     to   = plugin.billing.create_subscription
#     when = !contains(local.free, event.payload.order.editionCode) # else it is skipped
#     with = { email = event.attributes.creator.email, price = event.payload.order.editionCode }
#   }
#   on_failure {                                                    # what to do when the event has failed
#     deliver "ticket" {
#       to   = plugin.email.send
#       with = { template = "failure", to = var.desk, data = { code = failure.code, why = failure.message } }
#     }
#   }
#   reply { accountIdentifier = try(deliver.customer.customer_id, "free-${event.id}") }
# }

# Failures are events too, of the source "signalbox": telling people is routing.
route "tell operators" {
  from = [source.signalbox]
  on = [
    "delivery.failed", "delivery.needs_operator", "event.held", "event.failed", "event.unrouted", "pending.overdue",
    "fetch.failed", "fetch.unauthorized", "callback.refused", "callback.failed", "callback.unauthorized",
    "plugin.down", "source.refused", "journal.unwritable",
  ]

  throttle { # the first goes out at once; what follows is summed up
    by    = "${event.type} ${try(event.payload.plugin, "")}"
    every = "15m"
  }

  deliver "mail" {
    to   = plugin.email.send
    with = { template = "failure", to = "ops@vendor.example" }
  }
}
