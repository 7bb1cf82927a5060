source "hook" "h" {
  path = "/hook"
  id = request.header["X-Delivery"]
}
