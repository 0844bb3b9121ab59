"""The supervisor, with small programs instead of a server. It takes signals over, so each case has its own process."""

import subprocess
import sys
import textwrap


def supervise(code, *, timeout=30):
    """Runs code in which `python(name, program, …)` makes a Program; returns the exit code and what it printed."""
    header = textwrap.dedent(
        """
        import os, signal, sys, threading, time
        from orchestrator.cli.processes import Program, children_of
        from orchestrator.cli.supervisor import FailedToStart, Stopped, Supervisor

        def say(line):
            print(line, flush=True)

        def python(name, program, **options):
            return Program(name, [sys.executable, "-c", program], dict(os.environ), **options)

        def later(seconds, number):
            threading.Timer(seconds, lambda: os.kill(os.getpid(), number)).start()
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", header + textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_starts_a_program_again_and_says_why():
    code, out, err = supervise(
        """
        with Supervisor(say) as supervisor:
            supervisor.start(python("fragile", "print('begins', flush=True); import time; time.sleep(0.1); exit(3)"))
            later(1.0, signal.SIGTERM)
            supervisor.watch()
        """
    )

    assert code == 0, err
    assert out.count("begins") >= 2
    assert "The fragile process ended (exit code 3); it is started again in 0.2 s." in out
    assert "it is started again in 0.4 s." in out  # longer each time


def test_stops_those_last_who_serve_others():
    program = (
        "import signal, sys, time\\n"
        # In one piece, as two may say so at the same moment.
        "signal.signal(signal.SIGTERM, lambda *_: (print('{0} ends' + chr(10), end='', flush=True), sys.exit()))\\n"
        "print('{0} is up', flush=True)\\n"
        "time.sleep(60)"
    )
    code, out, err = supervise(
        f"""
        program = "{program}"
        with Supervisor(say) as supervisor:
            supervisor.start(python("web-1", program.format("web"), serves_others=True))
            supervisor.start(python("worker", program.format("worker")))
            supervisor.start(python("web-2", program.format("web"), serves_others=True))
            later(1.0, signal.SIGTERM)
            supervisor.watch()
        """
    )

    assert code == 0, err
    assert [line for line in out.splitlines() if "ends" in line] == ["worker ends", "web ends", "web ends"]


def test_kills_what_does_not_react():
    code, out, err = supervise(
        """
        deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
        with Supervisor(say) as supervisor:
            supervisor.start(python("deaf", deaf, stop_signals=((signal.SIGTERM, 0.3),)))
            later(0.5, signal.SIGTERM)
            began = time.monotonic()
            supervisor.watch()
        print("took", round(time.monotonic() - began))
        """
    )

    assert code == 0, err
    assert "took 1" in out


def test_gives_up_when_a_program_ends_while_starting():
    code, out, err = supervise(
        """
        with Supervisor(say) as supervisor:
            supervisor.start(python("web", "exit(7)"))
            try:
                supervisor.wait_until(lambda: False, timeout_seconds=10)
            except FailedToStart as error:
                print(error)
        """
    )

    assert code == 0, err
    assert out.strip() == "The web process ended while starting (exit code 7)."


def test_ends_what_a_program_left_behind():
    code, out, err = supervise(
        """
        leaves = "import subprocess; print(subprocess.Popen(['sleep', '60']).pid, flush=True)"
        with Supervisor(say) as supervisor:
            assert supervisor.run(python("leaves", leaves)) == 0
            assert len(children_of(os.getpid())) == 1
        print(children_of(os.getpid()))
        """
    )

    assert code == 0, err
    assert out.splitlines()[-1] == "[]"
