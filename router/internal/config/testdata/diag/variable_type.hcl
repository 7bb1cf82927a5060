
variable "seats" {
  type    = number
  default = "many"
}
