tests "a block of another name" {}

test "" {
  event { type = "SUBSCRIPTION_ORDER" }
  expect { routes = [] }
}

test "nothing" {}

test "twice" {
  event { type = "SUBSCRIPTION_ORDER" }
  expect { routes = [] }
  expect { routes = [] }
}

test "twice" {
  event { type = "SUBSCRIPTION_ORDER" }
  expect {}
}

test "misspelt" {
  event {
    typ = "SUBSCRIPTION_ORDER"
  }
  expected { routes = [] }
}
