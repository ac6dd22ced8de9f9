"""A Ray cluster of a head and two nodes on this machine, for as long as standard input is open.

    python ray_cluster.py

Says its address. Each node but the head has one processor.
"""

from __future__ import annotations

import os
import sys

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"  # all addresses are of the loopback

from ray.cluster_utils import Cluster

out = os.dup(1)
os.dup2(2, 1)
cluster = Cluster(
    initialize_head=True,
    head_node_args={
        "num_cpus": 0,
        "include_dashboard": False,
        "node_ip_address": "127.0.0.1",
        "_system_config": {
            "health_check_initial_delay_ms": 0,
            "health_check_period_ms": 1000,
            "health_check_failure_threshold": 5,
        },
    },
)
for _ in range(2):
    cluster.add_node(num_cpus=1, node_ip_address="127.0.0.1")
cluster.wait_for_nodes()
os.write(out, f"{cluster.address}\n".encode())
sys.stdin.read()
for node in [*cluster.worker_nodes, cluster.head_node]:
    cluster.remove_node(node, allow_graceful=False)
