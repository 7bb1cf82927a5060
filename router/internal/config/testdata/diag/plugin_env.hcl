plugin "own" {
  exec = "/bin/own"
  env  = { "A=B" = "x", LIST = [1] }
}
