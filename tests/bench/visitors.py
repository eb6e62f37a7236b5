"""A visitor of the shop's pages and a client of its API, whose cookies and tokens the load then sends."""

import json
import re
from http.cookiejar import CookieJar
from typing import Any
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, Request, build_opener

PASSWORD = "a-password-of-the-bench"
CSRF_FIELD = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')


class Visitor:
    """A browser without script: it keeps cookies, and sends forms with their token."""

    def __init__(self, port: int) -> None:
        self._origin = f"http://127.0.0.1:{port}"
        self._jar = CookieJar()
        self._opener = build_opener(HTTPCookieProcessor(self._jar))

    @property
    def cookie_header(self) -> str:
        return "; ".join(f"{cookie.name}={cookie.value}" for cookie in self._jar)

    def get(self, path: str) -> str:
        with self._opener.open(self._origin + path) as response:
            return str(response.read().decode())

    def send_form(self, page: str, action: str, **fields: str) -> None:
        """Send a form whose token is on the page."""
        match = CSRF_FIELD.search(self.get(page))
        assert match, f"no form on {page}"
        data = urlencode({"csrfmiddlewaretoken": match[1], **fields}).encode()
        headers = {"Referer": self._origin + page}
        self._opener.open(Request(self._origin + action, data, headers)).read()


class ApiClient:
    """A client of the API that has signed up."""

    def __init__(self, port: int, email: str) -> None:
        self._api = f"http://127.0.0.1:{port}/api/v1"
        self.headers = {"Content-Type": "application/json"}
        answer = self.post("/auth/signup", {"email": email, "password": PASSWORD})
        self.headers["Authorization"] = f"Bearer {answer['access_token']}"

    def post(self, path: str, body: dict[str, Any]) -> dict[str, str]:
        request = Request(self._api + path, json.dumps(body).encode(), self.headers)
        with build_opener().open(request) as response:
            return dict(json.load(response))
