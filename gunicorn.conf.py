"""gunicorn's configuration, for `make run` and the container. gunicorn finds this file by itself."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # gunicorn runs this file before it changes to the folder

from dotenv import load_dotenv

from ecommerce.core import env

load_dotenv(Path(__file__).with_name(".env"))
_host, _port = env.host(), env.integer("PORT", 8000, low=1, high=65535)
bind = f"[{_host}]:{_port}" if ":" in _host else f"{_host}:{_port}"
worker_class = "ecommerce.site.serving.worker.WholeRequestWorker"
workers = env.integer("WEB_WORKERS", 2, low=1, high=64)
threads = 8  # they wait for MongoDB, never for clients, and one password is hashed at a time
worker_connections = 400  # each may have a temporary file; many systems allow 1,024 open files in all
preload_app = False  # the MongoDB client must not be forked
timeout = 30  # above the deadlines of run_tx
graceful_timeout = 4  # how long a stop waits for requests in progress
forwarded_allow_ips = env.text("TRUSTED_PROXIES")  # proxies whose X-Forwarded-Proto is believed
loglevel = "warning"
control_socket_disable = True  # it is in the home folder, so all shops of a machine would share it
