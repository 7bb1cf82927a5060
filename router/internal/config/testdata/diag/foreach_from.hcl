route "editions" {
  from     = [source.appdirect.acme]
  on       = ["USER_ASSIGNMENT"]
  for_each = ["acme"]
  when     = event.payload.order.editionCode == source[each.key]
}
