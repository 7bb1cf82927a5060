source "signalbox" "x" {
  path = "/x"
}
