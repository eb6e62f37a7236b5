from rest_framework.renderers import JSONRenderer


class AnyJSON(JSONRenderer):
    """How the tests' clients write bodies: also what good clients never send, such as NaN or half a 😀."""

    ensure_ascii = True
    strict = False
