route "editions" {
  from     = [source.appdirect.acme]
  on       = ["USER_ASSIGNMENT"]
  for_each = setproduct(range(101), range(100))
}
