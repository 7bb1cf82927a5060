locals { free = ["FREE", "TRIAL"] }

route "free order" {
  from = [source.appdirect.acme]
  on   = ["SUBSCRIPTION_ORDER"]
  when = contains(local.free, event.payload.order.editionCode)

  reply { accountIdentifier = "free-${event.id}" }
}

route "paid order" {
  from = [source.appdirect.acme]
  on   = ["SUBSCRIPTION_ORDER"]
  when = !contains(local.free, event.payload.order.editionCode)

  deliver "customer" {
    to   = plugin.billing.create_subscription
    with = { email = event.attributes.creator.email, price = event.payload.order.editionCode }
  }
  deliver "welcome" {
    to       = plugin.email.send
    optional = true
    with     = { template = "welcome", to = event.attributes.creator.email, data = { id = deliver.customer.customer_id } }
  }
  on_failure {
    deliver "ticket" {
      to   = plugin.email.send
      with = { template = "failure", to = "desk@gizmo.example", data = { code = failure.code } }
    }
  }
  reply { accountIdentifier = deliver.customer.customer_id }
  codes = { card_declined = "FORBIDDEN" } # a plugin's code → AppDirect's
}

route "cancel" {
  from = [source.appdirect.acme]
  on   = ["SUBSCRIPTION_CANCEL"]
  when = !startswith(event.payload.account.accountIdentifier, "free-")

  deliver "subscription" {
    to   = plugin.billing.cancel_subscription
    with = { customer_id = event.payload.account.accountIdentifier }
  }
}

route "cancel what was free" {
  from = [source.appdirect.acme]
  on   = ["SUBSCRIPTION_CANCEL"]
  when = startswith(event.payload.account.accountIdentifier, "free-")
}
