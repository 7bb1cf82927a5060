plugin "my crm" {
  use = "crm"
}
