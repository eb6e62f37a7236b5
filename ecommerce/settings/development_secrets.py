"""Random secrets for development, generated once and kept in DATA_DIR for all processes."""

import os
import secrets
import tempfile
from pathlib import Path


def development_secret(data_dir: Path, name: str) -> str:
    """Return the secret of this name; the first of several concurrent processes generates it."""
    path = data_dir / "secrets" / name
    if not path.exists():
        _write_once(path, secrets.token_urlsafe(48))
    return path.read_text()


def _write_once(path: Path, value: str) -> None:
    """Write a draft and link it to the path, so that no process reads half a secret."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, draft = tempfile.mkstemp(dir=path.parent)  # mode 0600
    with os.fdopen(descriptor, "w") as file:
        file.write(value)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass  # another process was first: its secret is used
    finally:
        Path(draft).unlink()
