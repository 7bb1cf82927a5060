
locals { email = event.attributes.creator.email }
