source "appdirect" "two" {
  path           = "/two"
  marketplaces   = ["https://a.example"]
  max_event_size = "big"
  oauth1 {
    consumer_key    = "k"
    consumer_secret = null
  }
}
