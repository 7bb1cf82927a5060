admin {
  socket = "a"
}
admin {
  socket = "b"
}
