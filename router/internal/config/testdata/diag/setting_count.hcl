max_in_flight = 0.5
