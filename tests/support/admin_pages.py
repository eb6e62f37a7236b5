"""A browser of the back office: forms are sent as the page shows them, with what a person types."""

from html.parser import HTMLParser
from typing import Any

from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from accounts.models import User


def url(model: type, page: str, *args: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def office_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


class Form:
    """A page's form at one moment; what others change after that, it does not know."""

    def __init__(self, client: Client, address: str) -> None:
        self._client, self._address = client, address
        page = client.get(address)
        assert page.status_code == 200, page
        reader = _Reader()
        reader.feed(page.content.decode())
        self.fields = reader.fields

    def send(self, button: str = "_save", **typed: Any) -> HttpResponse:
        """`None` unticks a box."""
        unknown = typed.keys() - self.fields.keys()
        assert not unknown, f"The page has no field {unknown}, only {sorted(self.fields)}"
        data = {name: value for name, value in (self.fields | typed).items() if value is not None}
        return self._client.post(self._address, {**_as_sent(data), button: "1"})


def _as_sent(data: dict[str, Any]) -> dict[str, Any]:
    """Browsers send line ends as CRLF, hidden fields' too."""
    return {name: _crlf(value) if isinstance(value, str) else value for name, value in data.items()}


def _crlf(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\n", "\r\n")


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, Any] = {}
        self._area = self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        name = found.get("name") or ""
        if tag == "textarea":
            self._area, self.fields[name] = name, ""
        elif tag == "select":
            self._select = name
            if "multiple" in found:
                self.fields[name] = []
        elif tag == "option" and "selected" in found:
            self._choose(found.get("value") or "")
        elif tag == "input" and name and found.get("type") not in {"submit", "button"}:
            self._input(name, found)

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self.fields[self._area] = self.fields[self._area].removeprefix("\n")
            self._area = ""
        elif tag == "select":
            self.fields.setdefault(self._select, "")

    def handle_data(self, data: str) -> None:
        if self._area:
            self.fields[self._area] += data

    def _choose(self, value: str) -> None:
        if isinstance(self.fields.get(self._select), list):
            self.fields[self._select].append(value)
        else:
            self.fields[self._select] = value

    def _input(self, name: str, found: dict[str, str | None]) -> None:
        if found.get("type") == "checkbox" and found.get("value"):  # one of several boxes
            chosen = self.fields.setdefault(name, [])
            chosen.extend([found["value"]] if "checked" in found else [])
        elif found.get("type") == "checkbox":
            self.fields[name] = "on" if "checked" in found else None
        else:
            self.fields[name] = found.get("value") or ""
