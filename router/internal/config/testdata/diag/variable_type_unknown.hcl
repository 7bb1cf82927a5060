
variable "seats" {
  type    = nmber
  default = 3
}
