retention = "1 year"
shutdown_timeout = "0s"
give_up = 30
