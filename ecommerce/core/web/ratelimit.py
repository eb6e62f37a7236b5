"""Rates such as `5/m`: at most so many requests within a window that opens with the first of them."""

import re
from dataclasses import dataclass

PERIODS = {"s": (1, "second"), "m": (60, "minute"), "h": (3600, "hour"), "d": (86400, "day")}


@dataclass(frozen=True)
class Rate:
    limit: int
    seconds: int
    unit: str

    @classmethod
    def parse(cls, text: str) -> "Rate":
        match = re.fullmatch(r"([1-9][0-9]{0,8})/([smhd])", text)
        if match is None:
            raise ValueError(text)
        return cls(int(match[1]), *PERIODS[match[2]])

    def __str__(self) -> str:
        return f"{self.limit} per 1 {self.unit}"


@dataclass(frozen=True)
class Allowance:
    """What one caller may do: the rate, counted under `key`."""

    key: str
    rate: Rate


class RateLimited(Exception):
    """The caller's window is used up; it reopens after `retry_after` seconds."""

    def __init__(self, rate: Rate, retry_after: int) -> None:
        super().__init__(str(rate))
        self.rate = rate
        self.retry_after = max(1, retry_after)
