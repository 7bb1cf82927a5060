log_level = "verbos"
