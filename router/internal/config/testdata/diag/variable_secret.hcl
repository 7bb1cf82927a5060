
variable "key" { default = env("STRIPE_KEY") }
