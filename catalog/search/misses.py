"""What customers look for and do not find. Staff read it; nobody waits or fails for it."""

import logging
import re
from datetime import timedelta

import pymongo
from django.utils import timezone
from pymongo.errors import PyMongoError

from catalog.models import SearchMiss
from ecommerce.core.db import collection

logger = logging.getLogger("shop.search")
MAX_LENGTH = SearchMiss._meta.get_field("text").max_length or 0
MAX_ROWS, KEPT = 10_000, timedelta(days=90)
PERSONAL = re.compile(r"@|\d[\d\s()/.-]{6,}\d")  # an e-mail address; the number of a phone, card or account
DEADLINE_S = 0.5


def record(text: str) -> None:
    """Count the search, unless it looks like somebody's data or there are too many others."""
    text = " ".join(text.split()).lower()[:MAX_LENGTH].strip()
    if not text or PERSONAL.search(text):
        return
    try:
        with pymongo.timeout(DEADLINE_S):
            _count(text)
    except PyMongoError as error:
        logger.warning("A search without result was not recorded (%s).", type(error).__name__)


def _count(text: str) -> None:
    """Full, it forgets what nobody has looked for of late, and takes nothing new while that is too little."""
    misses, now = collection(SearchMiss), timezone.now()
    full = SearchMiss.objects.order_by().count() >= MAX_ROWS
    if full:
        misses.delete_many({"last_at": {"$lt": now - KEPT}})
    misses.update_one({"_id": text}, {"$inc": {"count": 1}, "$set": {"last_at": now}}, upsert=not full)
