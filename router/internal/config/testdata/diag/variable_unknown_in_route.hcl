
variable "region" { default = "eu" }

route "x" {
  from = [source.appdirect.acme]
  on   = ["SUBSCRIPTION_CHANGE"]
  when = event.payload.region == var.regin
}
