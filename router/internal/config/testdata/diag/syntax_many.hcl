variable "a" { default = "x" }
variable "b" { default = "y }
variable "c" { default = "z" }
variable "d" { default = "z" }
variable "e" {
  default = "z"
}
