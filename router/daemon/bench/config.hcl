# What the measured daemon runs. All that is not here has its default.

public_url = "{{ .Public }}"
state_dir  = {{ printf "%q" .StateDir }}

source "appdirect" "bench" {
  path         = "{{ .Path }}"
  marketplaces = ["{{ .Marketplace }}"]
  oauth1 {
    consumer_key    = "{{ .ConsumerKey }}"
    consumer_secret = "{{ .ConsumerSecret }}"
  }
}

plugin "{{ .Plugin }}" {
  exec = {{ printf "%q" .Self }}
  args = ["plugin-serve", "{{ .Plugin }}"]
}
{{ range .Others }}
route "other {{ .Name }}" {
  from = [source.appdirect.bench]
  on   = ["{{ .Type }}"]
  when = {{ if eq .Type $.Type }}event.payload.company.name{{ else }}event.lane{{ end }} == "Nobody {{ .Name }}"

  deliver "customer" {
    to   = plugin.{{ $.Plugin }}.create_customer
    with = { email = "nobody@example.com" }
  }
{{- if eq .Type "ADDON_ORDER" }}
  reply { id = deliver.customer.customer_id }
{{- else if eq .Type "SUBSCRIPTION_ORDER" }}
  reply { accountIdentifier = deliver.customer.customer_id }
{{- end }}
}
{{ end }}
route "order" {
  from = [source.appdirect.bench]
  on   = ["{{ .Type }}"]

  deliver "customer" {
    to = plugin.{{ .Plugin }}.create_customer
    with = {
      email = event.attributes.creator.email
      name  = event.payload.company.name
    }
  }
  reply { accountIdentifier = deliver.customer.customer_id }
}
