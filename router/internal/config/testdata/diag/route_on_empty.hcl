route "x" {
  from = [source.appdirect.acme]
  on   = []
}
