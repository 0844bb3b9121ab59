"""What a run writes is captured. Each case runs in a process of its own, because pytest has its hands on ours."""

import json
import subprocess
import sys
import textwrap

import pytest


def run(code):
    """Runs code with `captured_output` entered; returns the lines that were captured and what still came out."""
    program = textwrap.dedent(
        """
        import os, subprocess, sys, json
        from orchestrator.worker.output import captured_output, private_stderr
        lines = []
        private = private_stderr()
        before = len(os.listdir("/proc/self/fd"))
        with captured_output(lambda stream, line: lines.append([stream, line])):
        {code}
        after = len(os.listdir("/proc/self/fd"))
        print("RESULT" + json.dumps([lines, before, after]))
        """
    ).replace("{code}", textwrap.indent(textwrap.dedent(code), "    "))
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, errors="replace", timeout=30, check=True
    )
    lines, before, after = json.loads(done.stdout.partition("RESULT")[2])
    assert before == after, "file descriptors were left open"
    return [tuple(line) for line in lines], done.stdout.partition("RESULT")[0], done.stderr


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("print('hello')", [("stdout", "hello")]),
        ("print('to err', file=sys.stderr)", [("stderr", "to err")]),
        ("os.write(1, b'raw\\n')", [("stdout", "raw")]),
        ("subprocess.run(['echo', 'from a child'])", [("stdout", "from a child")]),
        ("print('one'); print(); print('two')", [("stdout", "one"), ("stdout", "two")]),  # empty lines say nothing
        ("print('no end', end='')", [("stdout", "no end")]),
        ("os.write(1, b'\\xff bad\\n')", [("stdout", "\\xff bad")]),  # what is no UTF-8 is shown escaped
        ("print('x' * 70000)", [("stdout", "x" * 65536), ("stdout", "x" * 4464)]),  # cut at 64 KiB
        ("print('to the log', file=private)", []),  # the worker's own log is not the run's output
    ],
)
def test_captures_lines(code, expected):
    lines, _, _ = run(code)

    assert lines == expected


def test_still_shows_what_it_captures():
    _, out, err = run("print('shown'); print('shown too', file=sys.stderr)")

    assert out == "shown\n"
    assert err == "shown too\n"


def test_does_not_wait_for_a_process_that_the_run_left_behind():
    lines, _, _ = run("subprocess.Popen(['sleep', '20']); print('done')")

    assert lines == [("stdout", "done")]


def test_captures_many_lines_without_loss():
    lines, _, _ = run("for n in range(5000): print(n)")

    assert [line for _, line in lines] == [str(number) for number in range(5000)]
