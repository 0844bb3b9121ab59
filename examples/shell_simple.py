"""Shell commands as part of a flow: their lines are log lines, and they come back as a list."""

from orchestrator import ShellOperation, flow, task


@task
def list_files(directory: str) -> list[str]:
    return ShellOperation(commands=["ls -1"], working_dir=directory).run()


@task
def count_words(text: str) -> int:
    """The variable reaches the command through its environment, so no quoting is needed."""
    (count,) = ShellOperation(commands=['printf %s "$TEXT" | wc -w'], env={"TEXT": text}, stream_output=False)()
    return int(count)


@flow
def shell_simple(directory: str = ".") -> int:
    files = list_files(directory)
    return count_words(" ".join(files))


if __name__ == "__main__":
    print("words:", shell_simple("/etc"))
