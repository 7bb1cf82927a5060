plugin "own" {
  use = "crm"
}
