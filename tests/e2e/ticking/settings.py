"""The server's settings, with the service of this app beside its own."""

from orchestrator.settings import *  # noqa: F403

INSTALLED_APPS = [*INSTALLED_APPS, "tests.e2e.ticking"]  # noqa: F405
SERVICES = [*SERVICES, "ticking"]  # noqa: F405
