"""Demo customers, with names, addresses and no usable password."""

import random

from bson import ObjectId
from django.contrib.auth.hashers import make_password

from accounts.models import Address, User
from ecommerce.management.demo.words import FIRST_NAMES, LAST_NAMES, PLACES, STREETS


def add_buyers(dice: random.Random, number: int) -> list[User]:
    """Store new accounts and return them."""
    return User.objects.bulk_create(_buyer(dice) for _ in range(number))


def address_of(dice: random.Random, buyer: User) -> Address:
    line1 = f"{dice.choice(STREETS)} {dice.randint(1, 120)}"
    return Address(name=buyer.name, line1=line1, **dice.choice(PLACES))


def _buyer(dice: random.Random) -> User:
    first, last, pk = dice.choice(FIRST_NAMES), dice.choice(LAST_NAMES), ObjectId()
    email = f"{first}.{last}.{pk}@example.com".lower()
    return User(pk=pk, name=f"{first} {last}", email=email, password=make_password(None))
