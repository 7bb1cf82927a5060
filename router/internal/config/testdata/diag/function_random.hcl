locals { name = uuid() }
