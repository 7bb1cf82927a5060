test "free orders are not billed" {
  event {
    type    = "SUBSCRIPTION_ORDER"
    payload = { order = { editionCode = "FREE" } }
  }
  expect {
    routes = ["free order"]
    reply { verdict = "success" }
  }
}

test "paid orders are billed, and welcomed" {
  event {
    type       = "SUBSCRIPTION_ORDER"
    payload    = { order = { editionCode = "PREMIUM" } }
    attributes = { creator = { email = "ann@example.com" } }
  }
  given "customer" { output = { customer_id = "cus_1" } } # what billing would give
  expect {
    routes = ["paid order"]
    deliver "customer" { with = { email = "ann@example.com", price = "PREMIUM" } }
    deliver "welcome" { with = { data = { id = "cus_1" } } }
    deliver "ticket" { skipped = true } # the event has not failed
    reply {
      verdict           = "success"
      accountIdentifier = "cus_1"
    }
  }
}

test "a declined card is the customer's to read of" {
  event {
    type       = "SUBSCRIPTION_ORDER"
    payload    = { order = { editionCode = "BASIC" } }
    attributes = { creator = { email = "ann@example.com" } }
  }
  given "customer" { rejected = { code = "card_declined", message = "Your card was declined." } }
  expect {
    deliver "welcome" { skipped = true }
    deliver "ticket" { with = { to = "desk@gizmo.example", data = { code = "card_declined" } } }
    reply {
      verdict = "error"
      code    = "FORBIDDEN"
      message = "Your card was declined."
    }
  }
}

test "an order waits while billing is down" {
  event {
    type       = "SUBSCRIPTION_ORDER"
    payload    = { order = { editionCode = "BASIC" } }
    attributes = { creator = { email = "ann@example.com" } }
  }
  given "customer" { exhausted = true }
  expect {
    reply { verdict = "held" }
  }
}
