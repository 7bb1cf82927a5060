
variable "region" {}
