"""MongoDB and Valkey for development and tests, each in a process of its own under DATA_DIR.

A server lives exactly as long as somebody uses it, and that is said by file locks alone, because the
kernel gives a lock back however its holder ends, `kill -9` included:

    run/<service>.users   shared: held by every process that uses the server
    run/<service>.lock    exclusive: held by the server itself as long as it lives
    run/<service>.json    where it listens; believed only while the lock above is held

The first user starts the server, later ones share it, the last one to leave ends it (`service`). A
user that was killed no longer holds its lock: the server notices and ends itself (`mongo`, `valkey`).
`command_line` decides which command needs which server.
"""
