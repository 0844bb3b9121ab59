"""Deploys flows of `deployed_flows.py` with the client, to the work pool `default`. Names them as arguments."""

import json
import sys
from pathlib import Path

from prefect import flow

deployed = {}
for name in sys.argv[1:]:
    source = flow.from_source(str(Path(__file__).parent), entrypoint=f"deployed_flows.py:{name}")
    deployed[name] = str(source.deploy(name="ours", work_pool_name="default", print_next_steps=False))
print(json.dumps(deployed))
