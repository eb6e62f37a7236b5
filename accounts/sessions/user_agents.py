"""Readable names for the User-Agent header."""

# The first match counts: Edge and Opera also mention Chrome, and Chrome mentions Safari.
PROGRAMS = {
    "Edg": "Edge",
    "OPR": "Opera",
    "Firefox": "Firefox",
    "Chrome": "Chrome",
    "Safari": "Safari",
    "curl": "curl",
    "python": "Python",
}
SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "Mac OS": "macOS",
    "Linux": "Linux",
}


def describe(agent: str) -> tuple[str, str]:
    """Return the program and the system, each empty if unknown."""
    return _first(PROGRAMS, agent), _first(SYSTEMS, agent)


def _first(known: dict[str, str], agent: str) -> str:
    return next((name for mark, name in known.items() if mark in agent), "")
