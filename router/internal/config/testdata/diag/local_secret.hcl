
locals { key = file("secret.txt") }
