"""Prints how our API's description differs from the reference: `python -m tests.contract.compare [path-prefix …]`.

With `--all` intended differences are printed too.
"""

from __future__ import annotations

import os
import sys


def main(arguments: list[str]) -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    import django

    django.setup()
    from tests.clients.environments import PREFECT3, python_with
    from tests.contract.differences import compare
    from tests.contract.documents import our_document, reference_document
    from tests.contract.intended import is_intended

    prefixes = tuple(f"/{argument.strip('/')}" for argument in arguments if not argument.startswith("-"))
    found = 0
    for line in compare(our_document(), reference_document(python_with(PREFECT3, name="prefect3"))):
        path = line.split()[1].rstrip(":")
        if (prefixes and not path.startswith(prefixes)) or ("--all" not in arguments and is_intended(line)):
            continue
        found += 1
        print(line)
    print(f"{found} differences")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
