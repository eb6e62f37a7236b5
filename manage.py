#!/usr/bin/env python
"""Django's command line for this shop."""

import os
import sys
from pathlib import Path

from dotenv import load_dotenv

from ecommerce.core import shutdown
from ecommerce.devserver.embedded.command_line import servers_for


def main() -> None:
    load_dotenv(Path(__file__).resolve().with_name(".env"))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ecommerce.settings")
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    with shutdown.exit_on_signals(sys.argv[1:]), servers_for(sys.argv[1:]):
        try:
            settings.INSTALLED_APPS  # noqa: B018  # Django would only say "Unknown command" for a bad setting
            execute_from_command_line(sys.argv)
        except ImproperlyConfigured as error:
            sys.exit(str(error))  # without a traceback, which would hide the name of the setting


if __name__ == "__main__":
    main()
