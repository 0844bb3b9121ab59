"""What a worker is told on the command line, and how it ends."""

import signal
import subprocess
import sys
import time

import pytest

from orchestrator.broker.queues import message_priority, queue_of_pool, queue_of_work_queue
from orchestrator.worker.celery_options import OptionRefused, read_celery_options
from orchestrator.worker.settings import worker_settings
from tests.services import has_redis, redis
from tests.waiting import eventually

SLEEPS = "@flow\ndef main():\n    print('begins')\n    time.sleep({seconds})\n    print('ends')"
WAITS = "@flow\ndef main():\n    print('begins')\n    while not os.path.exists({gate!r}):\n        time.sleep(0.05)"
NAMES_ITS_PROCESS = "@flow\ndef main():\n    print(f'process {os.getpid()}')"


def begun(api, run):
    eventually(lambda: "begins" in api.messages_of(run))
    return run


def ended(worker):
    return worker.process.wait(40)


class TestOptions:
    def test_of_celery_are_passed_on(self):
        options = read_celery_options(["-O", "fair", "--time-limit", "60", "--without-gossip"])

        assert options == {"optimization": "fair", "time_limit": 60.0}

    @pytest.mark.parametrize(
        ("arguments", "says"),
        [
            (["-Q", "other"], "--queues cannot be used here: use --queue"),
            (["-P", "solo"], "--pool cannot be used here"),
            (["-c", "4"], "use --concurrency"),
            (["--purge"], "--purge"),
            (["--detach"], "systemd"),
            (["-B"], "the server plans"),
            (["--time-limit", "soon"], "not a valid float"),
            (["--nonsense"], "--nonsense"),
            (["surprise"], "surprise"),
        ],
    )
    def test_that_are_in_the_way_are_refused(self, arguments, says):
        with pytest.raises(OptionRefused, match=says):
            read_celery_options(arguments)

    def test_name_the_queues_to_listen_on(self):
        everything = worker_settings(pool="p", name="w", environ={})
        some = worker_settings(pool="p", name="w", work_queues=["a", "b c", "a"], environ={})

        assert everything.queues == ["worker.p/w", "pool.p"]
        assert some.queues == ["worker.p/w", "pool.p/a", "pool.p/b c"]

    def test_keep_queues_apart_whose_names_look_alike(self):
        assert queue_of_work_queue("a", "b.c") != queue_of_work_queue("a.b", "c") != queue_of_pool("a.b.c")

    def test_give_ten_steps_of_urgency(self):
        assert [message_priority(number) for number in (1, 2, 10, 11, 500)] == [0, 1, 9, 9, 9]

    @pytest.mark.parametrize(
        ("arguments", "says"),
        [
            (["--autoscale", "4"], "two numbers"),
            (["--autoscale", "2,4"], "larger number first"),
            (["--autoscale", "4,2", "--concurrency", "3"], "exclude each other"),
            (["--only-tasks", "--serve", "a.py"], "--serve says nothing"),
            (["--only-tasks", "--queue", "a"], "--queue says nothing"),
            (["--only-tasks", "--autoscale", "4,2"], "--autoscale says nothing"),
            (["--only-tasks", "--drain-seconds", "3"], "--drain-seconds says nothing"),
            (["--queue", " "], "--queue needs a name"),
            (["--", "-Q", "x"], "use --queue"),
        ],
    )
    def test_that_make_no_sense_are_refused_before_anything_starts(self, arguments, says):
        command = [sys.executable, "-m", "orchestrator", "worker", "start", *arguments]

        done = subprocess.run(command, capture_output=True, text=True, check=False)

        assert (done.returncode, says in done.stderr) == (2, True), done.stderr


class TestQueues:
    def test_are_the_only_ones_it_is_called_from(self, worker, api):
        worker.start("--queue", "gpu & co", "--queue", "b")
        other = worker.run(NAMES_ITS_PROCESS)  # is called on the pool's own queue
        own = worker.run(NAMES_ITS_PROCESS, send=False)
        worker.wake(own, queue="pool.default/gpu & co")

        worker.released(own)

        assert api.claimed == [{"flow_run_id": own, "work_queue_names": ["gpu & co", "b"]}]
        assert other not in api.claims.values()
        assert api.heartbeats[0]["work_queue_names"] == ["gpu & co", "b"]


class TestPriorities:
    def overtakes(self, worker, api):
        worker.start("--concurrency", "1")
        begun(api, worker.run(SLEEPS.format(seconds=1.5)))
        late = [worker.run(NAMES_ITS_PROCESS, send=False) for _ in range(3)]
        urgent = worker.run(NAMES_ITS_PROCESS, send=False)
        for run in late:
            worker.wake(run, priority=4)
        worker.wake(urgent, priority=1)

        worker.released(late[-1])

        return [each["flow_run_id"] for each in api.claimed[1:]] == [urgent, *late]

    def test_let_an_urgent_run_overtake(self, worker, api):
        assert self.overtakes(worker, api)


@pytest.mark.skipif(not has_redis(), reason="Redis is not installed")
class TestPrioritiesOfRedis(TestPriorities):
    @pytest.fixture
    def broker(self):
        with redis() as url:
            yield url


class TestTheEnd:
    def test_waits_for_runs_says_so_and_leaves_at_once(self, worker, api):
        worker.start()
        begun(api, worker.run(SLEEPS.format(seconds=1.5)))

        worker.process.send_signal(signal.SIGTERM)
        eventually(lambda: api.heartbeats[-1].get("leaving"))
        still_runs = worker.process.poll() is None

        assert (still_runs, ended(worker)) == (True, 0)
        assert "stops when its 1 running flow run has ended" in worker.output()
        assert api.lost == []

    @pytest.mark.parametrize("how", ["second SIGTERM", "SIGQUIT", "--drain-seconds"])
    def test_hands_back_what_takes_too_long(self, worker, api, how):
        worker.start(*(["--drain-seconds", "0.5"] if how == "--drain-seconds" else []))
        run = begun(api, worker.run(SLEEPS.format(seconds=60)))

        worker.process.send_signal(signal.SIGTERM)
        if how == "second SIGTERM":
            time.sleep(0.5)
            worker.process.send_signal(signal.SIGTERM)
        if how == "SIGQUIT":
            worker.process.send_signal(signal.SIGQUIT)

        assert ended(worker) == 0
        assert [(each["flow_run_id"], each["handed_back"]) for each in api.lost] == [(run, True)]
        assert f"Flow run {run} is handed back" in worker.output()

    def test_takes_no_more_while_it_waits(self, worker, api):
        worker.start("--concurrency", "2")
        begun(api, worker.run(SLEEPS.format(seconds=2)))
        worker.process.send_signal(signal.SIGTERM)
        eventually(lambda: "stops when" in worker.output())
        time.sleep(0.5)

        late = worker.run(NAMES_ITS_PROCESS)

        assert ended(worker) == 0
        assert late not in api.claims.values()


class TestProcesses:
    def test_are_as_many_as_there_is_work_for(self, worker, api, tmp_path):
        worker.start("--autoscale", "3,1")
        eventually(lambda: api.heartbeats)
        gate = tmp_path / "gate"
        runs = [worker.run(WAITS.format(gate=str(gate))) for _ in range(2)]

        for run in runs:
            begun(api, run)  # both at once, as neither ends before

        gate.touch()
        assert api.heartbeats[0]["concurrency"] == 3
        for run in runs:
            worker.released(run)

    def test_are_replaced_after_so_many_runs(self, worker, api):
        worker.start("--concurrency", "1", "--max-tasks-per-child", "1")

        processes = set()
        for _ in range(2):
            run = worker.run(NAMES_ITS_PROCESS)
            worker.released(run)
            processes |= {line for line in api.messages_of(run) if line.startswith("process")}

        assert len(processes) == 2
