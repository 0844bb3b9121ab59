"""`orchestrator secrets …`"""

from __future__ import annotations

import click

from orchestrator.cli.managing import manage


@click.group()
def secrets() -> None:
    """Look after the encryption of what blocks hold."""


@secrets.command("new-key")
def new_key() -> None:
    """Print a key for ORCHESTRATOR_ENCRYPTION_KEYS. It is stored nowhere."""
    from base64 import b64encode
    from secrets import token_bytes

    click.echo(b64encode(token_bytes(32), b"-_").decode())


@secrets.command()
def rotate() -> None:
    """Re-encrypt everything with the first of ORCHESTRATOR_ENCRYPTION_KEYS. It can be run again at any time."""
    manage("rotate_encryption_keys")
