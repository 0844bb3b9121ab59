"""`orchestrator doctor`: finds unsafe set-ups before users do."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from orchestrator.cli.doctor.findings import Finding, Level
from orchestrator.cli.exits import FAILED
from orchestrator.cli.output import output_option, plain, show_json

_SIGNS = {Level.OK: ("ok", "green"), Level.WARNING: ("warning", "yellow"), Level.PROBLEM: ("PROBLEM", "red")}
_NOT_LOOKED_AT = ("not seen", "bright_black")


@click.command()
@click.option("--strict", is_flag=True, help="Warnings, too, lead to exit code 1.")
@output_option
def doctor(strict: bool, output: str) -> None:
    """Check the set-up: this machine, the API, and the server if it lives here. Exit code 1 if there is a problem."""
    from orchestrator.cli.doctor.examination import examine

    findings = []
    for finding in examine():
        findings.append(finding)
        if output == "table":
            _show(finding)
    if output == "json":
        show_json([finding.to_json() for finding in findings])
    else:
        _sum_up(findings)
    levels = {finding.level for finding in findings}
    if Level.PROBLEM in levels or (strict and Level.WARNING in levels):
        sys.exit(FAILED)


def _show(finding: Finding) -> None:
    sign, colour = _SIGNS.get(finding.level, _NOT_LOOKED_AT)
    label = sign.ljust(8)
    if sys.stdout.isatty():
        label = click.style(label, fg=colour, bold=finding.level is Level.PROBLEM)
    found = " ".join(finding.found.split())  # what others said may have lines
    click.echo(f"{label}  {finding.check}: {plain(found)}")
    if finding.advice:
        click.echo(f"          → {plain(finding.advice)}")


def _sum_up(findings: Sequence[Finding]) -> None:
    counted = {level: sum(finding.level is level for finding in findings) for level in Level}
    problems, warnings = counted[Level.PROBLEM], counted[Level.WARNING]
    if not problems and not warnings:
        click.echo("\nAll is well.")
        return
    click.echo(f"\n{problems} problem{'' if problems == 1 else 's'}, {warnings} warning{'' if warnings == 1 else 's'}.")
