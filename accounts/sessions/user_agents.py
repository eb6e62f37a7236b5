"""A browser's or program's own description, as a person would say it."""

# The first that is named counts: Edge and Opera also name Chrome, and Chrome names Safari.
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
    """Program and system; each empty where nothing known is named."""
    return _first(PROGRAMS, agent), _first(SYSTEMS, agent)


def _first(known: dict[str, str], agent: str) -> str:
    return next((name for mark, name in known.items() if mark in agent), "")
