plugin "own" {
  use = "biling"
}

route "x" {
  from = [source.appdirect.acme]
  deliver "d" {
    to = plugin.own.act
  }
}
