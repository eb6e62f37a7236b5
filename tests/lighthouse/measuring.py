"""The program Lighthouse: pinned in package-lock.json, and installed next to this file by npm."""

import json
import os
import shutil
import subprocess
import sys
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from playwright.sync_api import Playwright

from tests.journeys.conftest import ARGUMENTS
from tests.lighthouse.table import CATEGORIES, Page

# `overrides` in package.json pin a package that another requires in its latest version.
HERE = Path(__file__).parent
PROGRAM = HERE / "node_modules" / "lighthouse" / "cli" / "index.js"
INSTALLED = HERE / "node_modules" / ".package-lock.json"
LOCK = HERE / "package-lock.json"
PATIENCE, TRIES = 150, 3
Report = dict[str, Any]


def install() -> None:
    """Install Lighthouse if the lock file has changed since the last installation."""
    if INSTALLED.exists() and INSTALLED.stat().st_mtime >= LOCK.stat().st_mtime:
        return
    print("Installing Lighthouse into tests/lighthouse/node_modules", flush=True)  # noqa: T201
    if subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=HERE).returncode:
        sys.exit("npm could not install Lighthouse; see its output above.")


class Lighthouse:
    def __init__(self, playwright: Playwright, folder: Path) -> None:
        self._chrome = shutil.which("chromium") or playwright.chromium.executable_path
        self._folder = folder
        self._numbers = count(1)

    def report(self, url: str, page: Page, cookie: str) -> Report:
        """Return the report of a page, measured again if Chromium has recorded no trace."""
        problem = ""
        for _ in range(TRIES):
            file, problem = self._run(url, page, cookie)
            if not problem:
                return dict(json.loads(file.read_text()))
        sys.exit(f"Lighthouse did not measure {url}:\n{problem}")

    def _run(self, url: str, page: Page, cookie: str) -> tuple[Path, str]:
        """Return the report's file, and the problem if there was one."""
        file = self._folder / f"{next(self._numbers)}.json"
        with TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as profile:
            flags = " ".join(["--headless", *ARGUMENTS, f"--user-data-dir={profile}"])
            command = ["node", str(PROGRAM), url, "--quiet", "--output=json", f"--output-path={file}"]
            command += [f"--only-categories={','.join(CATEGORIES)}", f"--chrome-flags={flags}"]
            command += ["--skip-audits=is-crawlable"] if page.unlisted else []
            command += [f"--extra-headers={json.dumps({'Cookie': cookie})}"] if cookie else []
            done = subprocess.run(
                command,
                env=os.environ | {"CHROME_PATH": self._chrome},
                capture_output=True,
                text=True,
                timeout=PATIENCE,
            )
        return file, done.stderr or "no reason" if done.returncode else ""
