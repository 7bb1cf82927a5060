plugin "own" {
  use    = "billing"
  args   = ["-v"]
  sha256 = "abc"
}
