public_url = "events.example.com"
