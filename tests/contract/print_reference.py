"""Prints the OpenAPI document of the installed Prefect package. Run by the interpreter that has it, not by ours."""

import json
import os
import sys
import tempfile

with tempfile.TemporaryDirectory() as home:
    os.environ["PREFECT_HOME"] = home
    os.environ["PREFECT_API_DATABASE_CONNECTION_URL"] = "sqlite+aiosqlite:///:memory:"

    from prefect.server.api.server import create_api_app

    json.dump(create_api_app().openapi(), sys.stdout)
