"""MongoDB and Valkey for development and tests, each in a process of its own under DATA_DIR.

A server lives as long as a process uses it. File locks alone say so, because the kernel releases them
however their holder ends, `kill -9` included:

    run/<service>.users   shared, held by every process that uses the server
    run/<service>.lock    exclusive, held by the server while it lives
    run/<service>.json    where the server listens; valid only while the lock above is held

The first process starts the server, others share it, the last one ends it (`service`). A process that is
killed releases its lock, too, so a server that has lost its last user ends by itself (`mongo`, `valkey`).
`command_line` decides which command needs which server.
"""
