"""A paid order for staff to work with."""

import pytest

from accounts.models import User
from catalog.models import Product
from orders.models import Order
from payments.services import confirm
from tests.support import factories

PARCEL = {"carrier": "UPS", "tracking_number": "1Z999", "tracking_url": "https://ups.example.com/1Z999"}


@pytest.fixture
def paid(customer: User, product: Product) -> Order:
    """A paid order of three units at 79.99."""
    order = factories.order(customer, (product, 3))
    return confirm(order, outcome="success", by=customer)
