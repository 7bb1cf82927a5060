route "x" {
}
