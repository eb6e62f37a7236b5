"""The embedded MongoDB on a port that it has again after a kill.

python -m tests.faults.mongo_at PORT DATA_DIR
"""

import sys
from pathlib import Path
from typing import Any

from ecommerce.devserver.embedded import mongo

SecantusDBServer = mongo.SecantusDBServer


def at_that_port(**options: Any) -> Any:
    return SecantusDBServer(**options | {"port": int(sys.argv[1])})


if __name__ == "__main__":
    mongo.SecantusDBServer = at_that_port
    mongo.patch_secantus()
    mongo.serve(Path(sys.argv[2]))
