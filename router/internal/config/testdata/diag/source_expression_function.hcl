source "hook" "h" {
  path = "/hook"
  id = sha265(request.body.id)
}
