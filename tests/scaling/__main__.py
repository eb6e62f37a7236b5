"""`make scaling`: measure what docs/performance.md lacks, and write what breaks first to docs/scaling.md.

`make scaling ARGS=model` only computes, from the tables of both pages and the assumptions in model.py and
breaking.py.
"""

import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ecommerce.settings")
django.setup()

from tests.bench.__main__ import machine, running_shop  # noqa: E402
from tests.scaling import breaking, measurements, tables  # noqa: E402


def main() -> None:
    if sys.argv[1:] != ["model"]:
        with running_shop() as shop:
            tables.write("the measurements", f"Measured on {machine()}.\n\n{measurements.report(shop)}")
    tables.write("the model", breaking.report())


if __name__ == "__main__":
    main()
