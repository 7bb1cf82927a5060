route "editions" {
  from     = [source.appdirect.acme]
  on       = ["USER_ASSIGNMENT"]
  for_each = {}
  when     = event.payload.order.editionCode == each.kye
}
