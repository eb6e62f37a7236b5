"""Password hashing that holds up nobody else."""

import threading

from django.contrib.auth.hashers import BCryptSHA256PasswordHasher


class OneAtATimeBCryptHasher(BCryptSHA256PasswordHasher):
    """BCryptSHA256, so passwords over 72 bytes count whole, at most one at a time in each worker.

    bcrypt releases the interpreter lock: one hash takes one core while other threads go on.
    """

    _turn = threading.Lock()

    def encode(self, password: str, salt: str) -> str:
        with self._turn:
            return super().encode(password, salt)
