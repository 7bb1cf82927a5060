public_url = "http://events.example.com"

source "appdirect" "plain" {
  path         = "/appdirect/plain"
  marketplaces = ["https://www.acme-marketplace.com", "http://market.corp.example"]
  oauth1 {
    consumer_key    = "gizmo-12056"
    consumer_secret = credential("stored")
  }
}

source "appdirect" "local" {
  path         = "/appdirect/local"
  marketplaces = ["http://127.0.0.1:8481", "http://[::1]:8481", "http://market.localhost"]
  oauth1 {
    consumer_key    = "gizmo-12056"
    consumer_secret = credential("stored")
  }
}
