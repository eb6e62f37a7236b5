"""Periodic tasks: declared by their app's `tasks.py`, collected by `ecommerce.celery`."""

from collections.abc import Callable
from typing import Any

from celery import shared_task

intervals: dict[str, float] = {}  # seconds by the task's name


def periodic(*, seconds: float) -> Callable[[Callable[[], None]], Any]:
    """Register the function as a Celery task that runs at this interval, and in `manage.py run_due_tasks`.

    Several runs may overlap, on several machines: conditional updates in the task decide who does the work.
    """

    def register(function: Callable[[], None]) -> Any:
        task = shared_task(function)
        intervals[f"{function.__module__}.{function.__name__}"] = seconds
        return task

    return register
