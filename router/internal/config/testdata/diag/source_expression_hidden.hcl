source "hook" "h" {
  path = "/hook"
  id   = request.headers.authorization
  type = "request.body.event"
}

source "hook" "i" {
  path = "/other"
  id   = try(request.query["Access-Token"], request.body.id)
}
