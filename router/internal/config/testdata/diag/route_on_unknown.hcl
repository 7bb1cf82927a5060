route "x" {
  from = [source.appdirect.acme]
  on   = ["SUBSCRIPTON_ORDER"]
}
