"""The admin of accounts, imported from the rooms because Django looks for it in this module only."""

from accounts.service_keys import admin as service_keys
from accounts.sign_in import admin as sign_in
from accounts.users import admin as users

__all__ = ["service_keys", "sign_in", "users"]
