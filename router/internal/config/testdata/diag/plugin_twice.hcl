plugin "crm" {
  use = "crm"
}
