route "editions[PRO]" {
  from = [source.appdirect.acme]
  on   = ["USER_ASSIGNMENT"]
}

route "editions" {
  from     = [source.appdirect.acme]
  on       = ["USER_ASSIGNMENT"]
  for_each = ["PRO"]
}
