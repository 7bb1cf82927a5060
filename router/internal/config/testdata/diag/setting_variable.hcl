listen = event.payload
