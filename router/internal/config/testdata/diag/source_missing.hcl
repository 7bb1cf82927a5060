source "appdirect" "two" {
  path = "/two"
}
