journal "sqllite" {}
