test "a paid subscription is cancelled" {
  event { file = "cancel.xml" } # as the marketplace sends it
  expect {
    routes = ["cancel"]
    deliver "subscription" { with = { customer_id = "cus_1" } }
    reply { verdict = "success" }
  }
}

test "nothing is cancelled of what was free" {
  event {
    file = "cancel.xml"
    set  = { "payload.account.accountIdentifier" = "free-1" }
  }
  expect {
    routes = ["cancel what was free"]
    deliver "subscription" { absent = true }
    reply { verdict = "success" }
  }
}
