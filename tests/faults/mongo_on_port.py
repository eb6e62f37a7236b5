"""The embedded MongoDB on a given port, which it can listen on again after a kill.

python -m tests.faults.mongo_on_port PORT DATA_DIR
"""

import sys
from pathlib import Path
from typing import Any

from ecommerce.devserver.embedded import mongo

SecantusDBServer = mongo.SecantusDBServer


def on_given_port(**options: Any) -> Any:
    return SecantusDBServer(**options | {"port": int(sys.argv[1])})


if __name__ == "__main__":
    mongo.SecantusDBServer = on_given_port
    mongo.patch_secantus()
    mongo.serve(Path(sys.argv[2]))
