plugin "own" {
  use = "broken"
}
