source "hook" "h" {
  path = "/hook"
  type = ""
}
