retention_size = "0GB"
