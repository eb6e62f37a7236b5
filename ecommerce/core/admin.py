"""The admin pages of the outbox and the audit log, where Django looks for them."""

from ecommerce.core.audit.admin import AuditEntryAdmin
from ecommerce.core.outbox.admin import OutboxMessageAdmin

__all__ = ["AuditEntryAdmin", "OutboxMessageAdmin"]
