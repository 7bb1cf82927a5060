plugin "own" {
  use  = "billing"
  exec = "/bin/own"
}
