locals {
  started = now()
  also    = timestamp()
}
