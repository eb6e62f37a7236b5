"""The embedded MongoDB without our patches and with its own defaults: the control of their tests."""

import sys
from pathlib import Path

from secantus.server import SecantusDBServer

from ecommerce.devserver.embedded import mongo


def create_unpatched_server(data: Path) -> SecantusDBServer:
    return SecantusDBServer(port=0, storage_path=str(data))


if __name__ == "__main__":
    mongo.create_server = create_unpatched_server
    mongo.serve(Path(sys.argv[1]))
