"""How gunicorn serves the shop: under `make run`, and in the container. gunicorn reads this by itself."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # gunicorn runs this before it enters the folder

from ecommerce.core import env

bind = f"{env.text('HOST', '127.0.0.1')}:{env.integer('PORT', 8000, low=1, high=65535)}"
worker_class = "gthread"
workers = env.integer("WEB_WORKERS", 2, low=1, high=64)
threads = 8  # a request waits for MongoDB most of the time; one password is hashed at a time
preload_app = False  # MongoDB's client must not be forked
timeout = 30  # above run_tx's deadlines
graceful_timeout = 4  # seconds for requests in progress at a stop
forwarded_allow_ips = env.text("TRUSTED_PROXIES")  # whose X-Forwarded-Proto says that a request came by HTTPS
loglevel = "warning"
control_socket_disable = True  # one in the home folder would be shared by all shops of a machine
