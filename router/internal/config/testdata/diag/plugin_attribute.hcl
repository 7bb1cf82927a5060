plugin "own" {
  exe = "/bin/own"
}
