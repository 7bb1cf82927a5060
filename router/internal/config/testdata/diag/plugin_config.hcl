plugin "own" {
  use = "billing"
  config {
    secret_key = credential("stored")
    base_ur    = "x"
    limits {
    }
  }
}
