"""Models of accounts: users, their addresses and sessions, mailed links, and service keys."""

from typing import Any

from bson import ObjectId
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, Group, PermissionsMixin
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django_countries import countries
from django_mongodb_backend.fields import (
    ArrayField,
    EmbeddedModelArrayField,
    EmbeddedModelField,
    ObjectIdField,
)
from django_mongodb_backend.models import EmbeddedModel

from accounts.roles import SCOPES, Role, Scope
from ecommerce.core.text.emails import as_stored
from ecommerce.core.text.times import as_json as time_as_json
from ecommerce.core.web.http import MAX_AGENT


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str, **fields: Any) -> "User":
        """Insert and return an account. Raises IntegrityError if the e-mail is taken."""
        user = self.model(email=as_stored(email), **fields)
        user.set_password(password)
        user.save(force_insert=True)
        return user

    def create_superuser(self, email: str, password: str, **fields: Any) -> "User":
        return self.create_user(email, password, role=User.Role.ADMIN, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=as_stored(username or ""))


class RevokedFamily(EmbeddedModel):
    """A revoked token family, listed until its last access token has expired."""

    family = models.CharField(max_length=24)
    until = models.DateTimeField()


class User(AbstractBaseUser, PermissionsMixin):
    """A customer or a member of staff, with an e-mail in lower case."""

    Role = Role

    email = models.EmailField(unique=True, error_messages={"unique": "Email already registered"})
    email_verified_at = models.DateTimeField(null=True, editable=False)
    name = models.CharField(max_length=100, default="", blank=True)
    password = models.CharField(max_length=128, db_column="hashed_password")
    role = models.CharField(max_length=20, choices=Role, default=Role.USER)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    erased_at = models.DateTimeField(null=True, editable=False)
    # Increasing it ends every session of the account, API and web.
    token_version = models.PositiveIntegerField(default=0, editable=False)
    revoked_families = EmbeddedModelArrayField(RevokedFamily, default=list, editable=False)

    objects = UserManager()
    user_permissions = None  # type: ignore[assignment]  # permissions follow from the role (accounts/roles.py)
    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = []

    class Meta:
        db_table = "users"
        # A unique index of this backend is partial, so lookups need a plain one, too.
        indexes = [
            models.Index(fields=["email"], name="users_email"),
            models.Index(fields=["role", "email"], name="users_by_role"),
            models.Index(fields=["is_active", "email"], name="users_by_state"),
            models.Index(fields=["email_verified_at", "last_login"], name="users_unconfirmed"),
        ]

    def __str__(self) -> str:
        return self.email

    def as_dict(self) -> dict[str, Any]:
        """Return the user as the API shows it, ready for JSON."""
        return {
            "id": str(self.pk),
            "email": self.email,
            "email_verified": self.email_verified_at is not None,
            "role": self.api_role,
            "groups": [self.role] if self.is_staff else [],
            "created_at": time_as_json(self.created_at),
        }

    @property
    def is_superuser(self) -> bool:  # type: ignore[override]  # derived from the role, not stored
        return self.role == self.Role.ADMIN

    @property
    def is_staff(self) -> bool:
        return self.role != self.Role.USER

    @property
    def api_role(self) -> str:
        """Return `admin` or `user`, the only roles that the specified API and its tokens know."""
        return self.Role.ADMIN.value if self.is_superuser else self.Role.USER.value

    @property
    def groups(self) -> "models.QuerySet[Group]":  # type: ignore[override]  # derived, as above
        return Group.objects.filter(name=self.role)

    def accepts(self, *, version: object, family: object) -> bool:
        """Return whether an access token with these claims is still valid."""
        revoked = {entry.family for entry in self.revoked_families}
        return self.is_active and version == self.token_version and family not in revoked

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """Return Django's hash, which also covers the version, so that a new version ends web sessions."""
        value = f"{self.password}:{self.token_version}"
        return salted_hmac("accounts.session", value, secret=secret, algorithm="sha256").hexdigest()


class Address(EmbeddedModel):
    """A postal address. An order has a copy of its own, from when it was placed."""

    name = models.CharField(max_length=100)
    line1 = models.CharField(max_length=200)
    line2 = models.CharField(max_length=200, default="", blank=True)
    city = models.CharField(max_length=100)
    region = models.CharField(max_length=100, default="", blank=True)
    postcode = models.CharField(max_length=20)
    country = models.CharField(max_length=2)  # ISO 3166-1
    phone = models.CharField(max_length=40, default="", blank=True)

    def as_dict(self) -> dict[str, str]:
        return {name: getattr(self, name) for name in ADDRESS_FIELDS}

    @property
    def country_name(self) -> str:
        return str(countries.name(self.country))


ADDRESS_FIELDS = ("name", "line1", "line2", "city", "region", "postcode", "country", "phone")


class SavedAddress(models.Model):
    """One of an account's addresses, the last used one first."""

    key = models.CharField(max_length=100, unique=True)  # user and address, so that no address is saved twice
    user = models.ForeignKey(User, on_delete=models.CASCADE, db_index=False)
    address = EmbeddedModelField(Address)
    used_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "addresses"
        ordering = ["-used_at", "-pk"]
        indexes = [
            models.Index(fields=["key"], name="addresses_key"),
            models.Index(fields=["user", "-used_at", "-id"], name="addresses_of_user"),
        ]

    def __str__(self) -> str:
        return f"{self.address.name}, {self.address.line1}, {self.address.city}"


class TokenFamily(models.Model):
    """An API session. No token is stored: it is an HMAC over the family and its generation."""

    user_id: ObjectId
    user = models.ForeignKey(User, on_delete=models.CASCADE, db_index=False)
    version = models.PositiveIntegerField()  # of the account's tokens when the session started
    generation = models.PositiveIntegerField(default=0)  # of the valid refresh token
    rotated_at = models.DateTimeField(default=timezone.now)
    revoked_at = models.DateTimeField(null=True)
    ip = models.CharField(max_length=45)
    agent = models.CharField(max_length=MAX_AGENT)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()

    class Meta:
        db_table = "token_families"
        indexes = [
            models.Index(fields=["user", "-rotated_at"], name="token_families_of_user"),
            models.Index(fields=["expires_at"], name="token_families_expiry"),
        ]

    def __str__(self) -> str:
        return f"family {self.pk}"


class WebSession(AbstractBaseSession):
    """A web session with its user and device, so that the user can see and end it."""

    user = ObjectIdField(null=True)
    public_id = ObjectIdField(null=True)  # shown instead of the key, which is a secret
    ip = models.CharField(max_length=45, default="")
    agent = models.CharField(max_length=MAX_AGENT, default="")
    created_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "sessions"
        indexes = [
            models.Index(fields=["session_key"], name="sessions_key"),
            models.Index(fields=["user", "-created_at"], name="sessions_of_user"),
        ]


class SignInAttempts(models.Model):
    """Recent failed sign-ins for an e-mail, with or without an account (`accounts.sign_in.lockout`)."""

    key = models.CharField(max_length=64, primary_key=True)  # SHA-256 of the e-mail
    counts = models.JSONField(default=dict)
    stamp = models.CharField(max_length=32)  # differs after each write, which reveals a race
    updated_at = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "sign_in_attempts"
        indexes = [models.Index(fields=["key"], name="sign_in_attempts_key")]

    def __str__(self) -> str:
        return self.key


class OneTimeToken(models.Model):
    """A mailed link of 256 random bits, stored as a SHA-256 and deleted when used."""

    class Purpose(models.TextChoices):
        VERIFY_EMAIL = "verify_email"
        PASSWORD_RESET = "password_reset"  # noqa: S105  # not a password
        EMAIL_CHANGE_OLD = "email_change_old"
        EMAIL_CHANGE_NEW = "email_change_new"

    key = models.CharField(max_length=64, primary_key=True)
    purpose = models.CharField(max_length=20, choices=Purpose)
    user_id: ObjectId
    user = models.ForeignKey(User, on_delete=models.CASCADE, db_index=False)
    email = models.EmailField(max_length=254, default="")  # of the account when the link was made
    subject = models.CharField(max_length=254, default="")  # the id of the change to confirm, if any
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "one_time_tokens"
        indexes = [
            models.Index(fields=["key"], name="one_time_tokens_key"),
            models.Index(fields=["user", "purpose"], name="one_time_tokens_of_user"),
        ]

    def __str__(self) -> str:
        return self.purpose


class EmailChange(models.Model):
    """A change of an e-mail that both addresses must confirm. A user has at most one."""

    user_id: ObjectId
    user = models.OneToOneField(User, on_delete=models.CASCADE)
    email = models.EmailField(max_length=254)
    old_confirmed = models.BooleanField(default=False)
    new_confirmed = models.BooleanField(default=False)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "email_changes"
        indexes = [models.Index(fields=["user"], name="email_changes_of_user")]

    def __str__(self) -> str:
        return self.email


class ServiceKey(models.Model):
    """A program's access to the API: it sends `Authorization: Api-Key prefix.secret`."""

    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=12, unique=True, editable=False)
    secret_hash = models.CharField(max_length=64, editable=False)
    scopes = ArrayField(models.CharField(max_length=20, choices=Scope))
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, editable=False)
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, editable=False)
    last_used_at = models.DateTimeField(null=True, editable=False)  # to the minute

    # The REST framework reads this from the sender of a request.
    is_authenticated = True

    class Meta:
        db_table = "service_keys"
        indexes = [
            models.Index(fields=["prefix"], name="service_keys_prefix"),
            models.Index(fields=["-created_at", "-id"], name="service_keys_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix})"

    def is_valid(self) -> bool:
        return self.revoked_at is None and self.expires_at > timezone.now()

    def has_perm(self, permission: str) -> bool:
        return any(permission in SCOPES.get(scope, ()) for scope in self.scopes)
