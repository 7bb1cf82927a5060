route "x" "y" {
  from = [source.appdirect.acme]
}

source "appdirect" {
  path = "/a"
}
