source "appdirect" "acme" {
  path = "/other"
}
