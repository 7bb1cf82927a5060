route "x" {
  from = [source.appdirect.acme]
  on   = ["SUBSCRIPTION_ORDER"]
  deliver "customer" {
    to   = plugin.billing.create_subscription
    with = { email = deliver.company.company_id, price = "p" }
  }
  deliver "company" {
    to   = plugin.crm.upsert_company
    with = { name = deliver.mail.message_id }
  }
  deliver "mail" {
    to   = plugin.email.send
    with = { template = deliver.customer.customer_id, to = [] }
  }
}
