"""Rules of the architecture that import-linter cannot check.

Each test reads every file of the product and lists the offending ones in its failure message.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from accounts.models import User
from cart.models import Cart
from catalog.models import Product
from orders.models import Order

ROOT = Path(__file__).parents[2]
APPS = ("ecommerce", "accounts", "catalog", "cart", "orders", "payments")
CODE = [file for app in APPS for file in sorted((ROOT / app).rglob("*.py")) if "migrations" not in str(file)]
BUSINESS_RULES = (
    *("services", "stock", "models", "invariants"),
    *("lockout", "one_time_links", "personal_data"),
)


@cache
def syntax_of(file: Path) -> ast.Module:
    """Return the parsed file."""
    return ast.parse(file.read_text())


def name_of(file: Path) -> str:
    """Return the file's path from the root of the project."""
    return str(file.relative_to(ROOT))


def imports(file: Path) -> Iterator[str]:
    """Yield the dotted name of everything that the file imports."""
    for node in ast.walk(syntax_of(file)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def names(file: Path) -> Iterator[str]:
    """Yield every name, attribute, argument and string literal in the file."""
    for node in ast.walk(syntax_of(file)):
        for field in ("id", "attr", "arg", "value"):
            if isinstance(name := getattr(node, field, None), str):
                yield name


def functions(file: Path) -> Iterator[ast.FunctionDef]:
    """Yield every function and method in the file."""
    return (node for node in ast.walk(syntax_of(file)) if isinstance(node, ast.FunctionDef))


def public_services() -> Iterator[tuple[str, ast.FunctionDef]]:
    """Yield the file name and the function of each public function in a `services.py`."""
    for file in CODE:
        if file.stem == "services":
            for node in syntax_of(file).body:
                if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                    yield name_of(file), node


def test_every_app_has_files_and_services() -> None:
    """Otherwise the other tests would pass because they read nothing."""
    assert len(CODE) > 200
    assert {name.split("/")[0] for name, _ in public_services()} >= set(APPS) - {"ecommerce"}


def test_business_rules_do_not_import_requests_forms_messages_or_rest_framework() -> None:
    presentation = (
        *("django.http", "django.forms", "django.contrib.messages", "django.shortcuts"),
        "rest_framework",
    )
    offending = [
        (name_of(file), name)
        for file in CODE
        if file.stem in BUSINESS_RULES
        for name in imports(file)
        if name.startswith(presentation)
    ]
    assert not offending


def test_every_public_service_has_a_docstring() -> None:
    undocumented = [
        f"{file}: {function.name}" for file, function in public_services() if not ast.get_docstring(function)
    ]
    assert not undocumented


def test_services_take_at_most_one_positional_argument() -> None:
    offending = [
        f"{file}: {function.name}"
        for file, function in public_services()
        if not takes_at_most_one_positional_argument(function)
    ]
    assert not offending


def takes_at_most_one_positional_argument(function: ast.FunctionDef) -> bool:
    """Return whether all arguments but one are keyword-only."""
    arguments = function.args
    return len(arguments.posonlyargs) + len(arguments.args) <= 1 and arguments.vararg is None


def test_locks_are_conditional_commands_or_run_tx() -> None:
    """`select_for_update` and `atomic` silently do nothing on MongoDB."""
    assert not [name_of(file) for file in CODE if {"select_for_update", "atomic"} & set(names(file))]


def test_no_input_is_matched_as_a_pattern() -> None:
    lookups = ("__iexact", "__regex", "__iregex")
    offending = [
        (name_of(file), name)
        for file in CODE
        for name in names(file)
        if name.endswith(lookups) or name == "$regex"
    ]
    assert not offending


def test_no_file_is_longer_than_500_lines() -> None:
    assert not [name_of(file) for file in CODE if len(file.read_text().splitlines()) > 500]


def test_no_function_is_longer_than_50_lines() -> None:
    offending = [
        f"{name_of(file)}: {function.name}"
        for file in CODE
        for function in functions(file)
        if (function.end_lineno or 0) - function.lineno >= 50
    ]
    assert not offending


def test_only_stock_writes_inventory() -> None:
    assert {name_of(file) for file in CODE if any(map(writes_inventory, ast.walk(syntax_of(file))))} == {
        "catalog/stock.py"
    }


def writes_inventory(node: ast.AST) -> bool:
    """Return whether the node saves or assigns `inventory`."""
    saves = getattr(getattr(node, "func", None), "attr", "") in ("update", "create", "save")
    if saves and any(keyword.arg == "inventory" for keyword in getattr(node, "keywords", [])):
        return True
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return any(isinstance(target, ast.Attribute) and target.attr == "inventory" for target in targets)


def test_only_the_erasure_of_a_person_changes_the_audit_log() -> None:
    """The model refuses changes through the ORM, so look for commands that bypass it."""
    raw = {name_of(file) for file in CODE if "collection(AuditEntry)" in file.read_text()}
    assert raw == {"ecommerce/core/audit/log.py", "ecommerce/core/audit/admin.py"}
    assert (ROOT / "ecommerce/core/audit/admin.py").read_text().count("collection(AuditEntry).distinct") == 1
    editors = {
        function.name
        for function in functions(ROOT / "ecommerce/core/audit/log.py")
        if re.search(r"update|delete|replace", "\n".join(map(ast.unparse, function.body)))
    }
    assert editors == {"forget_person", "forget_guests", "forget_old"}
    by_table_name = {name_of(file) for file in CODE if "audit_entries" in file.read_text()}
    assert by_table_name == {"ecommerce/core/models.py"}


def test_collections_and_columns_have_the_names_of_the_specification() -> None:
    tables = [model._meta.db_table for model in (User, Product, Cart, Order)]
    assert tables == ["users", "products", "carts", "orders"]
    assert User._meta.get_field("password").column == "hashed_password"
