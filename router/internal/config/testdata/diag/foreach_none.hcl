route "editions" {
  from     = [source.appdirect.acme]
  on       = ["USER_ASSIGNMENT"]
  when     = event.payload.order.editionCode == each.key
}
