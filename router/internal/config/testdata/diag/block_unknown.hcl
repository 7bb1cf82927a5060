rout "x" {
}
