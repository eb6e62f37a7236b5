from rest_framework.renderers import JSONRenderer


class AnyJSON(JSONRenderer):
    """Renders the bodies of the tests' clients, also what good clients never send: NaN, or half a 😀."""

    ensure_ascii = True
    strict = False
