
variable "region" { default = "eu" }

log_level = var.regoin
