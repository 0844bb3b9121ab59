from base64 import urlsafe_b64decode

from click.testing import CliRunner

from orchestrator.cli.secrets import secrets


def test_prints_a_new_key_each_time():
    printed = [CliRunner().invoke(secrets, ["new-key"]).output.strip() for _ in range(2)]

    assert [len(urlsafe_b64decode(key)) for key in printed] == [32, 32]
    assert printed[0] != printed[1]
