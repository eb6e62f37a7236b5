"""Random secrets for development, made once and kept in DATA_DIR for all workers and commands."""

import os
import secrets
import tempfile
from pathlib import Path


def development_secret(data_dir: Path, name: str) -> str:
    """The secret kept under this name; the first of several processes that ask makes it."""
    kept = data_dir / "secrets" / name
    if not kept.exists():
        _keep(kept, secrets.token_urlsafe(48))
    return kept.read_text()


def _keep(path: Path, value: str) -> None:
    """Write the whole file under another name, then link it: no reader ever sees half a secret."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, draft = tempfile.mkstemp(dir=path.parent)  # mode 0600
    with os.fdopen(descriptor, "w") as file:
        file.write(value)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass  # another process was first: its secret counts
    finally:
        Path(draft).unlink()
