# A shop's servers. `terraform_data` is built into Terraform and OpenTofu: a plan of it needs no
# provider, no account and no network. What each kind has and costs is in catalogue.json.

resource "terraform_data" "web" {
  count = 8 # tune: 1 .. 16
  input = {
    role     = "web"
    kind     = "n2-standard-2" # e2-highcpu-2 | e2-highcpu-4 | e2-standard-2 | n2-standard-2 | n2d-highcpu-4 | n2d-standard-2 | c2-standard-4
    purchase = "on_demand"     # on_demand | spot
    workers  = 8               # tune: 2 .. 24 log
  }
}

resource "terraform_data" "cache" {
  count = 1 # tune: 0 .. 3
  input = {
    role      = "cache"
    kind      = "n2-highmem-2" # e2-standard-2 | e2-highmem-2 | n2-highmem-2 | n2d-highmem-2 | n2d-highmem-4
    purchase  = "on_demand"    # on_demand | spot
    memory_gb = 2              # tune: 1 .. 14 log
  }
}

resource "terraform_data" "database" {
  count = 2 # tune: 2 .. 4
  input = {
    role       = "database"
    kind       = "n2-highmem-4" # e2-standard-2 | e2-highmem-2 | e2-highmem-4 | n2-standard-2 | n2-highmem-4 | n2d-highmem-2 | n2d-highmem-4
    purchase   = "on_demand"
    storage_gb = 500 # tune: 240 .. 800
  }
}
