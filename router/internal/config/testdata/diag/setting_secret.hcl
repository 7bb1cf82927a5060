public_url = "https://${env("STRIPE_KEY")}"
