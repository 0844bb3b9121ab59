"""More of shell commands: a process beside the flow, several commands that share a shell, failures, and retries."""

import tempfile

from orchestrator import ShellCommandFailed, ShellOperation, flow, get_run_logger, shell_run_command, task


@task
def prepare(directory: str) -> list[str]:
    """A `cd` and a variable of one command hold for the next."""
    return ShellOperation(
        commands=["mkdir -p reports", "cd reports", "DAY=monday", "seq 1 5 > $DAY.txt", "wc -l < $DAY.txt"],
        working_dir=directory,
    ).run()


@task
def try_everything(directory: str) -> list[str]:
    """Failures are logged, and the rest is done all the same."""
    return ShellOperation(
        commands=["cat reports/monday.txt | tail -1", "cat reports/tuesday.txt", "echo done"],
        working_dir=directory,
        continue_on_error=True,
    ).run()


@task
def watch(directory: str) -> str:
    """One process writes while another one reads; the end of the block ends what still executes."""
    with ShellOperation(
        commands=["while true; do date >> reports/clock.txt; sleep 0.1; done"], working_dir=directory
    ) as clock:
        process = clock.trigger()
        get_run_logger().info("The clock is process %s", process.pid)
        last = ShellOperation(
            commands=["until test -s reports/clock.txt; do sleep 0.05; done", "head -1 reports/clock.txt"],
            working_dir=directory,
            return_all=False,
        ).run()
    return str(last)


@task
def must_fail() -> str:
    try:
        ShellOperation(commands=["echo so far so good", "exit 3"]).run()
    except ShellCommandFailed as error:
        return f"exit code {error.return_code} after {error.last_lines[-1]!r}"
    raise AssertionError("it should have failed")


@flow
def shell_advanced() -> list[str]:
    with tempfile.TemporaryDirectory() as directory:
        prepare(directory)
        try_everything(directory)
        watch(directory)
        uneven = shell_run_command.with_options(name="uneven", retries=2)
        # Fails the first time, because the file is not there yet.
        uneven("test -e seen || { touch seen; exit 1; }", cwd=directory)
    return [must_fail()]


if __name__ == "__main__":
    print(shell_advanced())
