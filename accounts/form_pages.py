"""What the pages with a form share: run the use case, show what it refuses, answer with the right status."""

from collections.abc import Callable
from typing import Any

from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from ecommerce.core.errors import DomainError, TryLater

UNPROCESSABLE = 422


class Submission:
    """A form and what became of it."""

    def __init__(self, request: HttpRequest, form_class: type[Form], **initial: str) -> None:
        self.request = request
        self.form = form_class(request.POST if request.method == "POST" else None, initial=initial)
        self.refusal: DomainError | None = None

    def accepted(self, use_case: Callable[..., object]) -> bool:
        """True where the form was sent, is valid, and the use case did not refuse it."""
        if not (self.form.is_bound and self.form.is_valid()):
            return False
        try:
            use_case(**self.form.cleaned_data)
        except DomainError as refusal:
            self._refused(refusal)
        return self.refusal is None

    def page(self, template: str, **context: Any) -> HttpResponse:
        status = UNPROCESSABLE if self.form.is_bound else 200
        response = render(self.request, template, {"form": self.form, **context}, status=status)
        if isinstance(self.refusal, TryLater):
            response.status_code, response["Retry-After"] = 429, str(self.refusal.retry_after)
        return response

    def _refused(self, refusal: DomainError) -> None:
        self.refusal = refusal
        field = getattr(refusal, "field", None)
        shown = field in self.form.fields and not self.form.fields[field].widget.is_hidden
        self.form.add_error(field if shown else None, refusal.in_words)
