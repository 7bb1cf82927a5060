plugin "safe" { use = "safe" }

route "bind" {
  from = [source.appdirect.acme]
  on   = ["SUBSCRIPTION_CHANGE"]
  deliver "token" {
    to   = plugin.safe.issue
    with = { account = "a-1", pin = "hunter2-literal" }
  }
  deliver "pin" {
    to   = plugin.safe.issue
    with = { pin = "hunter2-literal ${deliver.token.token}", count = 40713 }
  }
  deliver "none" {
    to   = plugin.safe.issue
    with = { pin = "" }
  }
}
