source "appdirekt" "two" {
  path = "/two"
}

route "x" {
  from = [source.appdirekt.two]
}
