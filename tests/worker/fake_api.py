"""A server that speaks just enough of the API for a worker, in a thread of the test."""

from __future__ import annotations

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import uuid4

from tests.waiting import is_alive


class FakeApi:
    """Runs in `self.runs` can be claimed once each; everything that arrives is kept for the test to look at."""

    def __init__(self) -> None:
        self.runs: dict[str, dict] = {}
        self.claims: dict[str, str] = {}  # claim -> run
        self.claimed: list[dict] = []  # what was asked for, in order
        self.process_ids: dict[str, int | None] = {}  # of claims
        self.ended_claims: set[str] = set()
        self.states: dict[str, list[dict]] = {}
        self.logs: list[dict] = []
        self.lost: list[dict] = []
        self.released: list[dict] = []
        self.heartbeats: list[dict] = []
        self.renewals = 0
        self.lease_seconds = 1.0
        self.cancel: set[str] = set()
        self.pools = {"default"}
        self.accept = True
        self.alive_at_release: list[bool] = []  # whether the process that had the run was still there
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def _answer(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length) or b"null")
                status, answer = api.answer(self.command, self.path.removeprefix("/api"), body)
                text = b"" if answer is None else json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            do_GET = do_POST = do_PATCH = _answer

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/api"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def add_run(self, *, entrypoint, path=None, parameters=None, job_variables=None) -> str:
        run_id = str(uuid4())
        deployment = {"id": str(uuid4()), "entrypoint": entrypoint, "path": path, "job_variables": job_variables or {}}
        self.runs[run_id] = {
            "flow_run": {"id": run_id, "name": "amber-dove", "parameters": parameters or {}, "state": None, "tags": []},
            "flow": {"id": str(uuid4()), "name": "flow"},
            "deployment": deployment,
        }
        self.states[run_id] = []
        return run_id

    def answer(self, method, path, body):
        if found := re.fullmatch(r"/work_pools/([^/]+)/(.+)", path):
            return self._of_pool(found[1], found[2], body)
        if found := re.fullmatch(r"/claims/([^/]+)/(renew|release)", path):
            return self._of_claim(found[1], found[2], body)
        if found := re.fullmatch(r"/flow_runs/([^/]+)/set_state", path):
            self.states[found[1]].append(body["state"])
            return 201, {"status": "ACCEPT", "state": {**body["state"], "id": str(uuid4())}, "details": {}}
        if method == "GET" and (found := re.fullmatch(r"/claims/([^/]+)", path)):
            return self._claim(found[1])
        if method == "GET" and (found := re.fullmatch(r"/(flow_runs|deployments)/([^/]+)", path)):
            return self._found(found[1], found[2])
        if path == "/logs/":
            self.logs += body
            return 201, None
        return 200, {}

    def _of_pool(self, pool, action, body):
        if pool not in self.pools:
            return 404, {"detail": "Work pool not found."}
        if action == "workers/heartbeat":
            self.heartbeats.append(body)
            return 204, None
        if action == "claims/lost":
            self.lost.append(body)
            return 204, None
        if action == "claims/held":
            return 200, self._held()
        self.claimed.append({name: body[name] for name in ("flow_run_id", "work_queue_names") if name in body})
        if not self.accept or body["flow_run_id"] in self.claims.values():
            return 409, {"detail": "The run is taken."}
        claim_id = str(uuid4())
        self.claims[claim_id] = body["flow_run_id"]
        self.process_ids[claim_id] = body.get("process_id")
        return 201, self._claim(claim_id)[1]

    def _claim(self, claim_id):
        if claim_id in self.ended_claims:
            return 410, {"detail": "The claim ended."}
        facts = {"id": claim_id, "attempt": 1, "max_attempts": 3, "lease_seconds": self.lease_seconds}
        return 200, {**facts, **self.runs[self.claims[claim_id]]}

    def _of_claim(self, claim_id, action, body):
        if action == "release":
            self.alive_at_release.append(is_alive(self.process_ids[claim_id]))
            self.released.append({"run": self.claims[claim_id], **body})
            return 204, None
        self.renewals += 1
        if claim_id in self.ended_claims:
            return 410, {"detail": "The claim ended."}
        state = "CANCELLING" if self.claims[claim_id] in self.cancel else "RUNNING"
        return 200, {"lease_seconds": self.lease_seconds, "state_type": state, "state_name": state.capitalize()}

    def _held(self):
        over = {each["run"] for each in self.released}
        return [
            {
                "id": claim,
                "flow_run_id": run,
                "process_id": self.process_ids.get(claim),
                "state_type": self._state_type(run),
            }
            for claim, run in list(self.claims.items())
            if claim not in self.ended_claims and run not in over
        ]

    def _state_type(self, run_id):
        last = self.states[run_id][-1]["type"] if self.states[run_id] else "PENDING"
        return "CANCELLING" if run_id in self.cancel and last in ("PENDING", "RUNNING") else last

    def _found(self, kind, id_):
        for run_id, known in self.runs.items():
            if kind == "flow_runs" and run_id == id_:
                state_type = self._state_type(run_id)
                told = {"deployment_id": known["deployment"]["id"], "state_type": state_type}
                last = {"state": self.states[run_id][-1]} if self.states[run_id] else {}
                return 200, {**known["flow_run"], **told, **last}
            if kind == "deployments" and known["deployment"]["id"] == id_:
                return 200, known["deployment"]
        return 404, {"detail": "Not found"}

    def state_names(self, run_id) -> list[str]:
        return [state["name"] for state in self.states[run_id]]

    def messages_of(self, run_id) -> list[str]:
        return [log["message"] for log in self.logs if log["flow_run_id"] == run_id]
