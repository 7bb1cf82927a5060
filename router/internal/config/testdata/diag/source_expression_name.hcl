source "hook" "h" {
  path = "/hook"
  id   = event.payload.id
  type = body.type
}
