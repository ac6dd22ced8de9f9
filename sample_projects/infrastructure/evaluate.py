"""The harness: plans `terraform.tf`, and says what that costs and how fast it answers.

What can't be planned, or could not run, is no measurement: exit status 1, one line that says why,
and no metric. What merely answers too slowly is measured, and the limit in autoexp.yaml decides.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.dont_write_bytecode = True

from capacity import figures  # noqa: E402  (after the line above, or they would be cached)
from plan import NoMeasurement, plan  # noqa: E402

TARGET = Path(__file__).with_name("terraform.tf")


def main() -> None:
    planned = plan(TARGET)
    found = figures(planned.servers)
    print(f"{planned.by}, {found.servers} servers")
    print(f"cost_per_hour: {found.cost_per_hour:.4f}")
    print(f"surge_p95_ms: {found.surge_p95_ms:.2f}")
    print(f"p95_ms: {found.p95_ms:.2f}")
    print(f"breaks_at_requests: {found.breaks_at:.0f}")
    print(f"hit_percent: {found.hit_percent:.1f}")


if __name__ == "__main__":
    try:
        main()
    except NoMeasurement as error:
        sys.exit(f"evaluate.py: no measurement: {error}")
