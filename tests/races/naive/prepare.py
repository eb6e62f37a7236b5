"""`manage.py prepare` without its lock."""

from contextlib import nullcontext

import django
from django.core.management import call_command

if __name__ == "__main__":
    django.setup()
    from ecommerce.management.commands import prepare

    prepare.lease = lambda name: nullcontext()
    call_command(prepare.Command())
