"""Requests that the schema allows are answered as it promises: no 5xx, and no answer that it does not name.

schemathesis generates the requests, the same ones in every run. `make exhaustive` sends a few to each route;
`make fuzz` sends many (`SCHEMA_EXAMPLES`).
"""

import os
from typing import Any

import pytest

from tests.security.world import HEADERS, World, Worlds

pytestmark = [pytest.mark.django_db, pytest.mark.exhaustive]
EXAMPLES = int(os.environ.get("SCHEMA_EXAMPLES", "1"))
CALLERS = ("anonymous", "customer", "admin")


def test_every_route_answers_as_the_schema_says(subtests: pytest.Subtests) -> None:
    worlds = Worlds()
    for name, operation in operations().items():
        with subtests.test(route=name):
            world = worlds.fresh()
            for caller in CALLERS:
                send_examples(world, operation, caller)


def operations() -> dict[str, Any]:
    """Return the operations of the schema by method and path. schemathesis takes a second to import."""
    from schemathesis import openapi

    from ecommerce.wsgi import application

    schema = openapi.from_wsgi("/openapi.json", application)
    found = [each.ok() for each in schema.get_all_operations()]
    return {f"{operation.method.upper()} {operation.path}": operation for operation in found}


def send_examples(world: World, operation: Any, caller: str) -> None:
    """Send generated requests to the operation, and check every answer."""
    from hypothesis import HealthCheck, Phase, given, settings
    from schemathesis import checks

    promised = [
        checks.not_a_server_error,
        checks.status_code_conformance,
        checks.content_type_conformance,
        checks.response_schema_conformance,
        checks.response_headers_conformance,
    ]

    @given(case=operation.as_strategy())
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
        # werkzeug's client, which sends the requests, does not decompress what it receives.
        headers = HEADERS[caller](world) | {"Accept-Encoding": "identity"}
        case.call_and_validate(headers=headers, checks=promised)

    answers()
