variable "desk" { default = "help@vendor.example" }

route "x" {
  from = [source.appdirect.acme]
  on   = ["SUBSCRIPTION_CANCEL"]
  when = "event.payload.order.editionCode" != event.type
  deliver "bill" {
    to   = plugin.billing.cancel_subscription
    with = { customer_id = "event.payload.account.accountIdentifier" }
  }
  deliver "mail" {
    to   = plugin.email.send
    with = {
      template = "{{ event.type }}"
      to       = ["var.desk"]
      data     = { a = "$event.payload.account.id", b = "event.held", c = "deliver.bill.status" }
    }
  }
}
