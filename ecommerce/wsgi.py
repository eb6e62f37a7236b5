"""The WSGI application that gunicorn serves."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ecommerce.settings")
django = get_wsgi_application()

from ecommerce.site.hot_path.application import HotPath  # noqa: E402  # it needs Django's apps

application = HotPath(django)
