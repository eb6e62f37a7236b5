"""Searches that found nothing, for staff to read. Recording one never delays or breaks the search."""

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
PERSONAL = re.compile(r"@|\d[\d\s()/.-]{6,}\d")  # an e-mail address, or a phone, card or account number
DEADLINE_S = 0.5


def record(text: str) -> None:
    """Count the search, unless it looks like personal data or too many others are stored."""
    text = " ".join(text.split()).lower()[:MAX_LENGTH].strip()
    if not text or PERSONAL.search(text):
        return
    try:
        with pymongo.timeout(DEADLINE_S):
            _count(text)
    except PyMongoError as error:
        logger.warning("A search without result was not recorded (%s).", type(error).__name__)


def _count(text: str) -> None:
    """Count the text. If the collection is full, old searches are deleted and new ones not added."""
    misses, now = collection(SearchMiss), timezone.now()
    is_full = SearchMiss.objects.order_by().count() >= MAX_ROWS
    if is_full:
        misses.delete_many({"last_at": {"$lt": now - KEPT}})
    misses.update_one({"_id": text}, {"$inc": {"count": 1}, "$set": {"last_at": now}}, upsert=not is_full)
