import gc
import subprocess
import sys

import pytest

TELL = "import gc; print(gc.get_freeze_count() > 10_000, gc.get_threshold()[0])"


@pytest.mark.parametrize(
    "loaded",
    [
        "import orchestrator.asgi",
        "from celery.signals import worker_ready; import orchestrator.celery; worker_ready.send(sender=None)",
    ],
    ids=["web", "services"],
)
def test_is_looked_for_rarely_and_never_in_what_stays(loaded, tmp_path):
    told = subprocess.run(
        [sys.executable, "-c", f"import django; {loaded}; {TELL}"],
        env={"PATH": "", "DJANGO_SETTINGS_MODULE": "orchestrator.settings", "ORCHESTRATOR_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )

    assert told.stdout.split() == ["True", "20000"]
    assert gc.get_threshold()[0] < 20_000  # what Python does by itself
