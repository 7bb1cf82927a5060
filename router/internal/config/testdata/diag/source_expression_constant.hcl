source "hook" "h" {
  path = "/hook"
  id = "the same"
}
