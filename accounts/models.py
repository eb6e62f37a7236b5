from typing import Any

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.utils import timezone

from ecommerce.lib.times import as_json as time_as_json


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str, **fields: Any) -> "User":
        """Insert an account; the unique index refuses an e-mail that is taken (IntegrityError)."""
        user = self.model(email=email.lower(), **fields)
        user.set_password(password)
        user.save(force_insert=True)
        return user

    def create_superuser(self, email: str, password: str, **fields: Any) -> "User":
        return self.create_user(email, password, role=User.Role.ADMIN, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=(username or "").lower())


class User(AbstractBaseUser, PermissionsMixin):
    """A customer or a member of staff. E-mails are stored lower-cased and compared exactly."""

    class Role(models.TextChoices):
        USER = "user"
        ADMIN = "admin"

    email = models.EmailField(unique=True, error_messages={"unique": "Email already registered"})
    password = models.CharField(max_length=128, db_column="hashed_password")
    role = models.CharField(max_length=20, choices=Role, default=Role.USER)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = UserManager()
    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = []

    class Meta:
        db_table = "users"
        # A unique index of this backend is partial, so look-ups need a plain one beside it.
        indexes = [models.Index(fields=["email"], name="users_email")]

    def __str__(self) -> str:
        return self.email

    def as_dict(self) -> dict[str, Any]:
        """The user as the API shows it, ready for JSON."""
        return {
            "id": str(self.pk),
            "email": self.email,
            "role": self.role,
            "created_at": time_as_json(self.created_at),
        }

    @property
    def is_superuser(self) -> bool:  # type: ignore[override]  # derived from the role, not stored
        return self.role == self.Role.ADMIN

    @property
    def is_staff(self) -> bool:
        return self.role == self.Role.ADMIN
