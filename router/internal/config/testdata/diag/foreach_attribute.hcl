route "editions" {
  from     = [source.appdirect.acme]
  on       = ["USER_ASSIGNMENT"]
  for_each = ["PRO"]
  when     = event.payload.order.editionCode == each.nme
}
