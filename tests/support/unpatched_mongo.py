"""The embedded MongoDB as it comes, with no patch and its own defaults: the control of the tests."""

import sys
from pathlib import Path

from secantus.server import SecantusDBServer

from ecommerce.devserver.embedded import mongo


def as_it_comes(data: Path) -> SecantusDBServer:
    return SecantusDBServer(port=0, storage_path=str(data))


if __name__ == "__main__":
    mongo.create_server = as_it_comes
    mongo.serve(Path(sys.argv[1]))
