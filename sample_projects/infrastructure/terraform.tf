# A shop's servers. `terraform_data` is built into Terraform: a plan of it needs no provider, no
# account and no network. The prices and what each kind can carry are in catalogue.json.

resource "terraform_data" "web" {
  count = 8 # tune: 1 .. 16
  input = {
    role     = "web"
    kind     = "m.large"   # s.small | s.medium | c.large | c.xlarge | m.large | m.xlarge
    purchase = "on_demand" # on_demand | spot
    workers  = 8           # tune: 2 .. 24 log
  }
}

resource "terraform_data" "cache" {
  count = 1 # tune: 0 .. 3
  input = {
    role      = "cache"
    kind      = "r.large"   # m.large | r.large | r.xlarge
    purchase  = "on_demand" # on_demand | spot
    memory_gb = 2           # tune: 1 .. 14 log
  }
}

resource "terraform_data" "database" {
  count = 2 # tune: 2 .. 4
  input = {
    role       = "database"
    kind       = "r.xlarge" # m.large | m.xlarge | r.large | r.xlarge
    purchase   = "on_demand"
    storage_gb = 500  # tune: 200 .. 800
    iops       = 6000 # tune: 500 .. 12000 log
  }
}
