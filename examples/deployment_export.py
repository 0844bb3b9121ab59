"""A deployment as a file: write it, put it under version control, read it back, make it on a server."""

import os
import tempfile
from pathlib import Path

from orchestrator import Cron, Deployment, flow, task


@task
def count(city: str) -> int:
    return len(city)


@flow(log_prints=True)
def report(city: str = "Oslo") -> int:
    """Counts what is in a city's name."""
    letters = count(city)
    print(f"{city} has {letters} letters")
    return letters


def export(file: Path) -> Deployment:
    """What is to be run, with which parameters, when, and by which workers."""
    deployment = Deployment.build_from_flow(
        flow=report,
        name="every morning",
        description="Before anybody is at work.",
        tags=["example"],
        parameters={"city": "Bergen"},
        schedules=[Cron("0 6 * * 1-5", timezone="Europe/Oslo", slug="working days")],
        work_pool_name="default",
    )
    deployment.to_yaml(file)
    return deployment


def rebuild(file: Path) -> Deployment:
    """The same deployment, also where the flow's code cannot be imported."""
    return Deployment.load_from_yaml(file)


if __name__ == "__main__":
    report()
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "report.yaml"
        exported = export(file)
        print(file.read_text())
        assert rebuild(file) == exported
        if os.environ.get("ORCHESTRATOR_API_URL"):
            print(f"Made {exported.full_name}: {rebuild(file).apply()}")
