"""Following a run from the command line."""

from orchestrator.cli.watching import PAGE, watch_run


class Server:
    """Answers what watching asks: a run that has ended, its log, its task runs."""

    def __init__(self, *, tasks: int, name: str = "amber-dove") -> None:
        self.asked: list[str] = []
        self.run = {"id": "run", "name": name, "state": {"type": "COMPLETED", "name": "Completed"}}
        self.names = {f"id-{number}": f"task-{number}" for number in range(tasks)}
        moment = "2026-01-02T03:04:05.000000Z"
        self.logs = [
            {"id": task_id, "task_run_id": task_id, "message": "hello", "level": 20, "timestamp": moment}
            for task_id in self.names
        ]
        self.logs.append({"id": "end", "task_run_id": None, "message": "over", "level": 20, "timestamp": moment})

    def ask(self, method, path, body=None, **_):
        self.asked.append(path)
        if path == "/flow_runs/run":
            return self.run
        if path == "/logs/filter":
            return self.logs[body["offset"] : body["offset"] + body["limit"]]
        wanted = body.get("task_runs", {}).get("id", {}).get("any_", list(self.names))
        return [{"id": task_id, "name": self.names[task_id]} for task_id in wanted][: body["limit"]]


def test_names_the_task_run_of_every_line_however_many_there_are():
    server = Server(tasks=3 * PAGE)
    lines = []

    watch_run(server, server.run, show=lines.append)

    assert [line.partition(" | INFO    | ")[2] for line in lines[:-1]] == [
        f"Task run 'task-{number}' - hello" for number in range(3 * PAGE)
    ]
    assert server.asked.count("/task_runs/filter") == 3


def test_shows_the_name_that_the_flow_gave_its_run():
    server = Server(tasks=0, name="load-users")
    lines = []

    watch_run(server, {"id": "run", "name": "amber-dove"}, show=lines.append)

    assert lines[-1].endswith("Flow run 'load-users' - over")


def test_shows_no_line_that_commands_the_terminal():
    server = Server(tasks=0)
    server.logs[-1]["message"] = "\x1b[31mred\x1b[0m\x1b]0;title\x07\nnext"
    lines = []

    watch_run(server, server.run, show=lines.append)

    assert lines[-1].endswith("Flow run 'amber-dove' - red�]0;title�\nnext")
