plugin "own" {
  use = "billing"
  config {
    secret_key = credential("stored")
    base_url   = "ftp://example.com"
  }
}
