plugin "own" {
  use = "billing"
}
