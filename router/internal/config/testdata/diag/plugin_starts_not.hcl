plugin "own" {
  exec = "/bin/own"
  env  = { TOKEN = credential("stored") }
}
