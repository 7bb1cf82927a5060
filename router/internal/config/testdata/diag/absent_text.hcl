source "market" "m" { path = "/market" }

route "x" {
  from = [source.market.m]
  on   = ["ORDER"]
  deliver "mail" {
    to = plugin.email.send
    with = {
      template = "paid"
      to       = ["a@b.example"]
      data = {
        greeting = "Hi ${event.attributes.creator.name}"
        code     = upper(event.payload.order.discount)
        seats    = event.payload.order.seats + 1
        trial    = event.payload.order.trial != null ? "${event.payload.order.trial}" : "no"
        place    = event.payload.company.country == "US" ? "near" : lower(event.payload.company.country)
        text     = template("%%{ if note != null }$${note}%%{ endif } $${name}", { note = event.payload.order.discount, name = event.attributes.creator.name })
      }
    }
  }
}
