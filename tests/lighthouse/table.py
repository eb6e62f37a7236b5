"""The goals, and the table of measurements."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

CATEGORIES = {"performance": "perf", "accessibility": "a11y", "best-practices": "best", "seo": "SEO"}
TIMES = {
    "largest-contentful-paint": ("LCP ms", 1500),
    "total-blocking-time": ("blocked ms", 50),
    "cumulative-layout-shift": ("shift", 0.005),
}
KIB = 1024


@dataclass(frozen=True)
class Page:
    name: str
    path: str
    kib: int = 45
    signed_in: bool = False
    unlisted: bool = False  # not indexed on purpose, for which Lighthouse would lower the score


PAGES = (
    Page("home", "/"),
    Page("list", "/products/", kib=60),
    Page("product", "/products/running-shoes-ultra-boost/"),
    Page("category", "/categories/fashion/"),
    Page("cart", "/cart/", signed_in=True, unlisted=True),
    Page("checkout", "/checkout/", signed_in=True, unlisted=True),
    Page("order", "/orders/{order}/", signed_in=True, unlisted=True),
    Page("account", "/account/", signed_in=True, unlisted=True),
    Page("sign in", "/account/login/", unlisted=True),
)


@dataclass
class Figure:
    text: str
    met: bool
    timed: bool = False

    def __str__(self) -> str:
        return self.text + ("" if self.met else "~" if self.timed else "!")


class Row:
    """The medians of one page's reports."""

    def __init__(self, page: Page, reports: list[dict[str, Any]]) -> None:
        self.page, self._reports = page, reports
        wrong = {report["finalDisplayedUrl"] for report in reports if not page_shown(report, page)}
        assert not wrong, f"{page.name} led to {wrong}"
        self.figures = [*self._scores(), *self._times(), self._weight()]
        self.failing = sorted({audit for report in reports for audit in failing_audits(report)})

    @property
    def below(self) -> bool:
        return any(not figure.met and not figure.timed for figure in self.figures)

    def __str__(self) -> str:
        return f"{self.page.name:10}" + "".join(f"{figure!s:>11}" for figure in self.figures)

    def _scores(self) -> list[Figure]:
        scores = {
            name: self._median(lambda r, n=name: 100 * r["categories"][n]["score"]) for name in CATEGORIES
        }
        return [Figure(f"{score:.0f}", score >= 100, name == "performance") for name, score in scores.items()]

    def _times(self) -> list[Figure]:
        measured = {name: self._median(lambda r, n=name: r["audits"][n]["numericValue"]) for name in TIMES}
        return [
            Figure(f"{value:.3f}" if goal < 1 else f"{value:.0f}", value <= goal, timed=True)
            for value, (_, goal) in ((measured[name], TIMES[name]) for name in TIMES)
        ]

    def _weight(self) -> Figure:
        kib = self._median(weight) / KIB
        return Figure(f"{kib:.1f}", kib <= self.page.kib)

    def _median(self, figure: Callable[[dict[str, Any]], float]) -> float:
        return median(map(figure, self._reports))


def page_shown(report: dict[str, Any], page: Page) -> bool:
    """Return whether the requested page was shown, and not the sign-in page, for example."""
    return str(report["finalDisplayedUrl"]) == str(report["requestedUrl"])


def weight(report: dict[str, Any]) -> float:
    requests = report["audits"]["network-requests"]["details"]["items"]
    return float(sum(request.get("transferSize") or 0 for request in requests))


def failing_audits(report: dict[str, Any]) -> list[str]:
    """Return the failing audits that have a weight and do not measure time."""
    references = [
        reference
        for name, category in report["categories"].items()
        if name != "performance"
        for reference in category["auditRefs"]
        if reference["weight"]
    ]
    audits = [report["audits"][reference["id"]] for reference in references]
    return [f"{audit['id']}: {audit['title']}" for audit in audits if audit["score"] not in (None, 1)]


def header(runs: int) -> str:
    names = [*CATEGORIES.values(), *(name for name, _ in TIMES.values()), "KiB"]
    goals = ["100"] * len(CATEGORIES) + [str(goal) for _, goal in TIMES.values()] + ["45; 60"]
    title = f"On a phone, the median of {runs}. KiB: 60 are for the list."
    return "\n".join(
        [
            title,
            f"{'':10}" + "".join(f"{name:>11}" for name in names),
            f"{'goal':10}" + "".join(f"{goal:>11}" for goal in goals),
        ]
    )


def verdict(rows: list[Row]) -> str:
    lines = [f"{row.page.name}: {audit}" for row in rows for audit in row.failing]
    if any(not figure.met for row in rows for figure in row.figures):
        lines += [
            "",
            "! is below its goal. ~ is below its goal, too, but depends on this machine and its load.",
        ]
    return "\n".join(lines or ["Every goal is met."])
