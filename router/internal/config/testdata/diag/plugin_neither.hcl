plugin "own" {
}
