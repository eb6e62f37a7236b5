"""The steps that all pages with a form share."""

from collections.abc import Callable
from typing import Any

from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from ecommerce.core.errors import Busy, DomainError, TryLater

UNPROCESSABLE = 422


class Submission:
    """A submitted or empty form, and the refusal of the use case, if any."""

    def __init__(self, request: HttpRequest, form_class: type[Form], **initial: str) -> None:
        self.request = request
        self.form = form_class(request.POST if request.method == "POST" else None, initial=initial)
        self.refusal: DomainError | None = None
        self.result: object = None

    def accepted(self, use_case: Callable[..., object]) -> bool:
        """Run the use case if the form is submitted and valid; return whether it succeeded."""
        if not (self.form.is_bound and self.form.is_valid()):
            return False
        try:
            self.result = use_case(**self.form.cleaned_data)
        except DomainError as refusal:
            self._show(refusal)
        return self.refusal is None

    def page(self, template: str, **context: Any) -> HttpResponse:
        """Return the page of the form: 422 if it was refused, 429 or 503 if it may be sent again later."""
        status = UNPROCESSABLE if self.form.is_bound else 200
        response = render(self.request, template, {"form": self.form, **context}, status=status)
        if isinstance(self.refusal, TryLater):
            response.status_code, response["Retry-After"] = 429, str(self.refusal.retry_after)
        elif isinstance(self.refusal, Busy):
            response.status_code, response["Retry-After"] = 503, "1"
        return response

    def _show(self, refusal: DomainError) -> None:
        """Attach the refusal to its field if the page shows that, otherwise to the form."""
        self.refusal = refusal
        field = getattr(refusal, "field", None)
        visible = field in self.form.fields and not self.form.fields[field].widget.is_hidden
        self.form.add_error(field if visible else None, refusal.in_words)
