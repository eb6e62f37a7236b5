"""Password hashing that leaves a core for other requests."""

import threading

from django.contrib.auth.hashers import BCryptSHA256PasswordHasher


class OneAtATimeBCryptHasher(BCryptSHA256PasswordHasher):
    """BCryptSHA256, which uses all of a password over 72 bytes, with one hash at a time per process.

    bcrypt releases the GIL: a hash keeps one core busy while other threads go on.
    """

    _lock = threading.Lock()

    def encode(self, password: str, salt: str) -> str:
        with self._lock:
            return super().encode(password, salt)
