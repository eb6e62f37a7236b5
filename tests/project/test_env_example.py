"""Every setting that the environment can set is explained in .env.example."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
READERS = [
    *(ROOT / "ecommerce/settings").glob("*.py"),
    *(ROOT / "payments/gateways").glob("*.py"),
    ROOT / "gunicorn.conf.py",
]
READ = re.compile(r'env\.[a-z_]+\(\s*"([A-Z_]+)"')
UNDOCUMENTED = {"DEV_RELOAD"}  # set by `make dev` and `make debug`


def test_every_variable_that_is_read_is_explained() -> None:
    variables = {name for file in READERS for name in READ.findall(file.read_text())}
    explained = set(re.findall(r"^# ?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert len(variables) > 40
    assert variables - explained == UNDOCUMENTED
