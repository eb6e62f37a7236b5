"""Rate limits: so many requests of one caller within a window, which opens with the first of them.

Requests are counted in Redis, for all processes together. Without Redis each process counts for itself, so a
caller gets at most as many times the rate as there are processes.
"""

import math
import re
import threading
import time
from dataclasses import dataclass, replace

from django.http import HttpRequest
from redis.exceptions import RedisError

from ecommerce.core import redis
from ecommerce.core.web.http import network_of
from ecommerce.core.web.languages import without_language

PERIODS = {"s": (1, "second"), "m": (60, "minute"), "h": (3600, "hour"), "d": (86400, "day")}
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
MOST_WINDOWS = 10_000  # in this process's memory; beyond it all windows open anew

USERS_OF_NETWORK = 10  # the signed-in callers of one network have this many times the rate of one of them

# A window opens with its first request. The first that is used up ends the count, and no values are read.
_COUNT_AND_READ = redis.Script("""
local windows = #ARGV / 2
for i = 1, windows do
    local requests = redis.call('incr', KEYS[i])
    if requests == 1 then redis.call('expire', KEYS[i], ARGV[2 * i]) end
    if requests > tonumber(ARGV[2 * i - 1]) then return {i, redis.call('ttl', KEYS[i])} end
end
if #KEYS == windows then return {0, 0, {}} end
return {0, 0, redis.call('mget', unpack(KEYS, windows + 1))}
""")


@dataclass(frozen=True)
class Rate:
    """A number of requests a period, such as 5 a minute."""

    limit: int
    seconds: int
    unit: str

    @classmethod
    def parse(cls, text: str) -> "Rate":
        """Return the rate that a text such as `5/m` stands for; raise ValueError for any other text."""
        match = re.fullmatch(r"([1-9][0-9]{0,8})/([smhd])", text)
        if match is None:
            raise ValueError(text)
        return cls(int(match[1]), *PERIODS[match[2]])

    def times(self, factor: int) -> "Rate":
        return replace(self, limit=self.limit * factor)

    def __str__(self) -> str:
        return f"{self.limit} per 1 {self.unit}"


@dataclass(frozen=True)
class Limit:
    """A rate limit on some routes, declared in an app's `limits.py`, collected by `ecommerce.site.limits`."""

    name: str
    routes: re.Pattern[str]  # without the prefix of a language
    safe: bool  # whether it counts reading requests or those that change something
    setting: str = ""  # the name of the setting with its rate; without one `site.limits` does not count
    by_user: bool = False  # whether each signed-in API client has a window of its own

    def covers(self, request: HttpRequest) -> bool:
        is_safe = request.method in SAFE_METHODS
        return is_safe == self.safe and bool(self.routes.match(without_language(request.path)))


@dataclass(frozen=True)
class Allowance:
    """The rate of one caller, whose requests are counted under `key`, and of the group that it belongs to."""

    key: str
    rate: Rate
    group: "Allowance | None" = None

    @property
    def windows(self) -> list["Allowance"]:
        return [self] if self.group is None else [self, *self.group.windows]


def allowance_of(
    name: str, *, user: str, ip: str, rate: Rate, rate_of_address: Rate | None = None
) -> Allowance:
    """Return the allowance of a signed-in user, or of an address.

    The users of a network are a group: an account costs nothing, so a caller could have any number of them.
    """
    network = network_of(ip)
    if not user:
        return Allowance(f"{name}:{network}", rate_of_address or rate)
    group = Allowance(f"{name}:users:{network}", rate.times(USERS_OF_NETWORK))
    return Allowance(f"{name}:{user}", rate, group)


class RateLimited(Exception):
    """The caller's window is used up; a new one opens after `retry_after` seconds."""

    def __init__(self, rate: Rate, retry_after: int) -> None:
        super().__init__(str(rate))
        self.rate = rate
        self.retry_after = max(1, retry_after)


def count(allowance: Allowance) -> None:
    """Count one request. Raises RateLimited when the allowance is used up."""
    if not redis.reachable():
        return count_in_process(allowance)
    try:
        count_and_read(allowance, [])
    except RedisError as error:
        redis.lost(error)
        count_in_process(allowance)
    return None


def count_and_read(allowance: Allowance, keys: list[str]) -> list[bytes | None]:
    """Count one request and return the values of the keys, in one round trip.

    Raises RateLimited when the allowance is used up, and RedisError.
    """
    windows = allowance.windows
    counters = [redis.full_key(f"ratelimit:{window.key}") for window in windows]
    limits = [number for window in windows for number in (window.rate.limit, window.rate.seconds)]
    used_up, seconds_left, *values = _COUNT_AND_READ.run([*counters, *keys], limits)
    if used_up:
        raise RateLimited(windows[used_up - 1].rate, seconds_left)
    return list(values[0])


def count_in_process(allowance: Allowance) -> None:
    """Count one request without Redis. Raises RateLimited when the allowance is used up."""
    for window in allowance.windows:
        requests, seconds_left = in_process.count(window)
        if requests > window.rate.limit:
            raise RateLimited(window.rate, seconds_left)


class InProcessWindows:
    """The open windows of the callers whose requests this process has counted itself."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._windows: dict[str, tuple[int, float]] = {}  # by key: the number of requests, the window's end

    def count(self, allowance: Allowance) -> tuple[int, int]:
        """Count a request; return how many there were in the window, and the seconds until it ends."""
        now = time.monotonic()
        with self._lock:
            requests, end = self._windows.get(allowance.key, (0, 0.0))
            if end <= now:
                requests, end = 0, now + allowance.rate.seconds
            if len(self._windows) >= MOST_WINDOWS:
                self._windows.clear()
            self._windows[allowance.key] = requests + 1, end
        return requests + 1, min(math.ceil(end - now), allowance.rate.seconds)

    def clear(self) -> None:
        with self._lock:
            self._windows.clear()


in_process = InProcessWindows()
