"""The `orchestrator` command. Everything is imported when the command that needs it runs."""


def main() -> None:
    """Entry point of the console script."""
    from orchestrator.cli.commands import orchestrator

    orchestrator(prog_name="orchestrator")
