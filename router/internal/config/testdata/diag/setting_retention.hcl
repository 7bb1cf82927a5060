retention         = "30d"
retention_size    = "10 gigs"
retention_payload = "31d"
