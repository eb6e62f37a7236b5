"""The audit log: who changed what, in the transaction of the change.

Import it once Django's apps are loaded: `from ecommerce.core import audit`, then `audit.record(…)`.
"""

from ecommerce.core.audit.log import (
    UNKNOWN_ACTOR,
    Facts,
    best_effort,
    differences,
    entries_of,
    entry,
    facts,
    forget_guests,
    forget_old,
    forget_person,
    record,
    record_all,
)

__all__ = [
    "UNKNOWN_ACTOR",
    "Facts",
    "best_effort",
    "differences",
    "entries_of",
    "entry",
    "facts",
    "forget_guests",
    "forget_old",
    "forget_person",
    "record",
    "record_all",
]
