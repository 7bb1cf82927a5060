test "a bracket" {
  event { type = "SUBSCRIPTION_ORDER"
  expect { routes = [
}
