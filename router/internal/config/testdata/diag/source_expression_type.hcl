source "hook" "h" {
  path = "/hook"
  id = [request.body.id]
}
