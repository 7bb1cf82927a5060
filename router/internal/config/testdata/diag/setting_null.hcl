state_dir = null
listen = ""
