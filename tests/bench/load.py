"""Load on one URL by wrk, and the processor time that the server's processes spend on it."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import NamedTemporaryFile

from tests.runshop.shop import Processes

CONNECTIONS = 8
UNITS_MS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}
MISSING = "make bench needs wrk: `apt-get install wrk` or `brew install wrk`."


# Each of wrk's threads sends the bodies in turn, each body with its own headers.
POSTS = """
local posts, threads = {%s}, 0
function setup(thread) thread:set("turn", threads); threads = threads + 1 end
function request()
    local post = posts[turn %% #posts + 1]
    turn = turn + 2
    return wrk.format("POST", nil, post.headers, post.body)
end
"""


@dataclass(frozen=True)
class Post:
    headers: dict[str, str]
    body: str


@dataclass(frozen=True)
class Request:
    """A request that wrk repeats, or the posts that it sends in turn."""

    path: str
    headers: dict[str, str] = field(default_factory=dict)
    posts: Sequence[Post] = ()


@dataclass(frozen=True)
class Measured:
    per_second: float
    cpu_ms: float  # of all of the server's processes, a request
    p50_ms: float
    p99_ms: float


def load(port: int, root_pid: int, request: Request, *, seconds: int) -> Measured:
    """Send the request from all connections, and return what was measured. Exits at the first error."""
    cpu_before = cpu_seconds(root_pid)
    report = _wrk(port, request, seconds)
    cpu = cpu_seconds(root_pid) - cpu_before
    if "Non-2xx" in report or "Socket errors" in report:
        sys.exit(f"{request.path}\n{report}")
    requests = int(_find(r"(\d+) requests in", report))
    return Measured(
        per_second=float(_find(r"Requests/sec:\s+([\d.]+)", report)),
        cpu_ms=cpu / requests * 1000,
        p50_ms=_milliseconds(_find(r"\n\s+50%\s+(\S+)", report)),
        p99_ms=_milliseconds(_find(r"\n\s+99%\s+(\S+)", report)),
    )


def cpu_seconds(root_pid: int) -> float:
    """Return the processor time of a process and all of its descendants that run."""
    return sum(map(_cpu_of, Processes(root_pid).pids)) / os.sysconf("SC_CLK_TCK")


def _cpu_of(pid: int) -> int:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return 0
    return int(fields[11]) + int(fields[12])  # utime and stime


def _wrk(port: int, request: Request, seconds: int) -> str:
    if shutil.which("wrk") is None:
        sys.exit(MISSING)
    with NamedTemporaryFile("w", suffix=".lua") as script:
        if request.posts:
            script.write(POSTS % ", ".join(map(_in_lua, request.posts)))
            script.flush()
        command = ["wrk", "-t", "2", "-c", str(CONNECTIONS), "-d", f"{seconds}s", "--latency"]
        for name, value in request.headers.items():
            command += ["-H", f"{name}: {value}"]
        command += ["-s", script.name] if request.posts else []
        command.append(f"http://127.0.0.1:{port}{request.path}")
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _in_lua(post: Post) -> str:
    headers = ", ".join(f"[{json.dumps(name)}] = {json.dumps(value)}" for name, value in post.headers.items())
    return f"{{headers = {{{headers}}}, body = {json.dumps(post.body)}}}"


def _find(pattern: str, report: str) -> str:
    match = re.search(pattern, report)
    if match is None:
        sys.exit(report)
    return match[1]


def _milliseconds(text: str) -> float:
    match = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text)
    if match is None:
        sys.exit(f"wrk reported a time of {text}")
    return float(match[1]) * UNITS_MS[match[2]]
