from __future__ import annotations

import pytest

from orchestrator.sdk.configuration.addresses import split_address


def test_gives_the_parts():
    parts = split_address("https://host.example:8443/api")

    assert (parts.scheme, parts.hostname, parts.port, parts.path) == ("https", "host.example", 8443, "/api")


@pytest.mark.parametrize("url", ["", "host.example", "ftp://host.example", "http://", "http://h:0", "http://h:port"])
def test_says_what_an_address_looks_like(url):
    with pytest.raises(ValueError, match=r"must look like http://127\.0\.0\.1:4200/api"):
        split_address(url)
