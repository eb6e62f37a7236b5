"""What tests expect of the API's answers."""

from typing import Any

from rest_framework.response import Response


def refused(response: Response, status: int, detail: str | None = None, *, field: str | None = None) -> Any:
    """The answer is an error in the API's one shape; its body."""
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/json"
    answer = response.json()
    assert set(answer) == {"detail", "code"} | ({"errors"} if "errors" in answer else set())
    assert answer["detail"]
    assert answer["code"].replace("_", "").isalpha()
    if detail is not None:
        assert answer["detail"] == detail
    if field is not None:
        assert field in answer["errors"], answer
        assert all(isinstance(sentence, str) for sentence in answer["errors"][field])
    return answer
