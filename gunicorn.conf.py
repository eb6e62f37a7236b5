"""gunicorn's configuration, for `make run` and the container. gunicorn finds this file by itself."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # gunicorn runs this file before it changes to the folder

from ecommerce.core import env

bind = f"{env.text('HOST', '127.0.0.1')}:{env.integer('PORT', 8000, low=1, high=65535)}"
worker_class = "ecommerce.site.serving.worker.WholeRequestWorker"
workers = env.integer("WEB_WORKERS", 2, low=1, high=64)
threads = (
    8  # a request mostly waits for MongoDB, and one password is hashed at a time; none waits for a client
)
worker_connections = 400  # each may have a temporary file; many systems allow 1,024 open files in all
preload_app = False  # the MongoDB client must not be forked
timeout = 30  # above the deadlines of run_tx
graceful_timeout = 4  # how long a stop waits for requests in progress
forwarded_allow_ips = env.text("TRUSTED_PROXIES")  # proxies whose X-Forwarded-Proto is believed
loglevel = "warning"
control_socket_disable = True  # it is in the home folder, so all shops of a machine would share it
