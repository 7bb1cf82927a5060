test "routes" {
  event { type = "SUBSCRIPTION_ORDER" }
  expect { routes = ["ordr", "order", "order"] }
}

test "a route alone" {
  event { type = "SUBSCRIPTION_ORDER" }
  expect { routes = "order" }
}

test "deliveries" {
  event { type = "SUBSCRIPTION_ORDER" }
  expect {
    deliver "orders/customer" {}
    deliver "note" {}
    deliver "customer" {
      skipped = true
      absent  = true
    }
    deliver "company" {
      skipped = true
      with    = { name = "Acme" }
    }
    deliver "order/company" {}
  }
}

test "inputs" {
  event { type = "SUBSCRIPTION_ORDER" }
  expect {
    deliver "customer" { with = { prize = "PRO", quantity = "many", email = null } }
    deliver "company" { with = "Acme" }
  }
}

test "replies" {
  event { type = "SUBSCRIPTION_ORDER" }
  expect {
    reply {
      verdict = "succes"
      account = "c"
      metadata = "hunter2-literal"
    }
  }
}

test "an error's reply" {
  event { type = "SUBSCRIPTION_ORDER" }
  expect {
    reply {
      verdict           = "error"
      accountIdentifier = "c"
    }
  }
}

test "a success with a code" {
  event { type = "SUBSCRIPTION_ORDER" }
  expect {
    reply {
      verdict = "success"
      code    = "FORBIDDEN"
    }
  }
}

test "an empty reply" {
  event { type = "SUBSCRIPTION_ORDER" }
  expect {
    reply {}
  }
}
