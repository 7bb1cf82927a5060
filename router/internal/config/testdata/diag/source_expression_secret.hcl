source "hook" "h" {
  path = "/hook"
  id   = "${request.body.id}-${credential("stored")}"
  type = env("STRIPE_KEY")
}
