"""Where Django looks for the admin pages of this app: the outbox and the audit log."""

from ecommerce.core.audit.admin import AuditEntryAdmin
from ecommerce.core.outbox.admin import OutboxMessageAdmin

__all__ = ["AuditEntryAdmin", "OutboxMessageAdmin"]
