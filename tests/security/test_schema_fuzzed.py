"""What the schema allows is sent, and what it promises comes back: no 5xx, and no answer it does not name.

schemathesis makes the requests, the same ones in every run. `SCHEMA_EXAMPLES=200` makes it longer.
"""

import os
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import checks

from ecommerce.wsgi import application
from tests.security.world import HEADERS, World

pytestmark = pytest.mark.django_db
EXAMPLES = int(os.environ.get("SCHEMA_EXAMPLES", "6"))
WHO = ("anonymous", "customer", "admin")
SCHEMA = schemathesis.openapi.from_wsgi("/openapi.json", application)
OPERATIONS = {
    f"{each.ok().method.upper()} {each.ok().path}": each.ok() for each in SCHEMA.get_all_operations()
}
CHECKS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.response_headers_conformance,
]


@pytest.mark.parametrize("name", OPERATIONS)
def test_it_answers_as_its_schema_says(name: str) -> None:
    world = World()
    for who in WHO:
        requests_of(world, name, who)


def requests_of(world: World, name: str, who: str) -> None:
    @given(case=OPERATIONS[name].as_strategy())
    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def answers(case: Any) -> None:
        world.refresh()
        case.call_and_validate(headers=HEADERS[who](world), checks=CHECKS)

    answers()
