route "x" {
  from = [source.appdirect.acme
}
