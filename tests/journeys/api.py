"""A signed-in client of the shop's API."""

from typing import Any

from playwright.sync_api import APIRequestContext

ADMIN, ADMIN_PASSWORD = "admin@example.com", "admin123"


class Api:
    def __init__(self, http: APIRequestContext, email: str, password: str, *, new: bool = False) -> None:
        self._http = http
        credentials = {"email": email, "password": password}
        answer = http.post(f"/api/v1/auth/{'signup' if new else 'login'}", data=credentials)
        assert answer.ok, answer.text()
        self._headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}

    def get(self, route: str) -> Any:
        return self._http.get(f"/api/v1/{route}", headers=self._headers).json()

    def post(self, route: str, body: dict[str, Any] | None = None) -> Any:
        return self._send("POST", route, body)

    def patch(self, route: str, body: dict[str, Any]) -> Any:
        return self._send("PATCH", route, body)

    def _send(self, method: str, route: str, body: dict[str, Any] | None) -> Any:
        answer = self._http.fetch(f"/api/v1/{route}", method=method, headers=self._headers, data=body)
        assert answer.ok, answer.text()
        return answer.json()
