test "names" {
  event { type = "SUBSCRIPTION_ORDER" }
  given "custmer" { exhausted = true }
  given "order/custmer" { exhausted = true }
  given "note" { exhausted = true }
  given "customer" { exhausted = true }
  given "order/customer" { exhausted = true }
  expect { routes = [] }
}

test "what it comes to" {
  event { type = "SUBSCRIPTION_ORDER" }
  given "customer" {}
  given "order/note" {
    output    = {}
    exhausted = true
  }
  given "tell operators/note" { exhausted = false }
  expect { routes = [] }
}

test "outputs" {
  event { type = "SUBSCRIPTION_ORDER" }
  given "customer" { output = { custmer_id = "c", balance = "much" } }
  given "company" { output = "c" }
  given "order/note" { rejected = { cod = "x" } }
  expect { routes = [] }
}

test "a null that is required" {
  event { type = "SUBSCRIPTION_ORDER" }
  given "customer" { output = { customer_id = null } }
  expect { routes = [] }
}
