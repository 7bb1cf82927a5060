test "no type" {
  event {}
  expect { routes = [] }
}

test "sources" {
  event {
    source = "appdirect.acme"
    type   = "SUBSCRIPTION_ORDER"
  }
  expect { routes = [] }
}

test "a source that is not there" {
  event {
    source = source.appdirect.acne
    type   = "SUBSCRIPTION_ORDER"
  }
  expect { routes = [] }
}

test "types" {
  event { type = "SUBSCRIPTION_ODER" }
  expect { routes = [] }
}

test "a failure's type, but a customer's source" {
  event {
    source = source.appdirect.acme
    type   = "plugin.down"
  }
  expect { routes = [] }
}

test "flags" {
  event {
    type = "SUBSCRIPTION_ORDER"
    flag = "DEVELOPEMENT"
  }
  expect { routes = [] }
}

test "two documents" {
  event {
    file       = "order.json"
    payload    = {}
    attributes = {}
  }
  expect { routes = [] }
}

test "what is no object" {
  event {
    type    = "SUBSCRIPTION_ORDER"
    payload = ["order"]
    set     = ["payload.order.editionCode", "FREE"]
  }
  expect { routes = [] }
}

test "what has no value here" {
  event {
    type       = "SUBSCRIPTION_ORDER"
    payload    = { order = event.payload.order }
    attributes = { secret = credential("stored") }
  }
  expect { routes = [] }
}

test "locals" {
  event {
    type    = "SUBSCRIPTION_ORDER"
    payload = { order = { editionCode = local.fre } }
  }
  expect { routes = [] }
}

test "fields" {
  event {
    type    = "SUBSCRIPTION_ORDER"
    payload = { order = { editonCode = "FREE", items = [{ quantity = 1, unitt = "USER" }, { quantity = [1] }] }, configuration = { any = "thing" } }
  }
  expect { routes = [] }
}
