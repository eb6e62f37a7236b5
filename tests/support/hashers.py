from accounts.sign_in.hashers import OneAtATimeBCryptHasher


class CheapBCryptHasher(OneAtATimeBCryptHasher):
    """The shop's hasher with bcrypt's lowest cost, for tests that sign up many users."""

    rounds = 4
