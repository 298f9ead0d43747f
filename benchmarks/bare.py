"""The limit: bytes from a socket, SHA-1 in a second thread, written to a file; no protocol.

`python -m benchmarks.bare send FILE PORT` and `python -m benchmarks.bare receive FILE PORT`, each
a process of its own. The receiver starts at its first line of input and says when it is done.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import queue
import socket
import sys
import threading
from pathlib import Path

PIECE = 1024 * 1024
PIECES_IN_FLIGHT = 8
HOST = "127.0.0.1"


def send(path: Path, port: int) -> None:
    """Serve the file's bytes to the first connection."""
    with socket.create_server((HOST, port)) as server:
        print("ready", flush=True)
        connection, _ = server.accept()
    with connection, path.open("rb") as file:
        connection.sendfile(file)
        connection.shutdown(socket.SHUT_WR)
        sys.stdin.readline()


def receive(path: Path, port: int) -> None:
    """Receive, hash and write the bytes, with a bounded pool of piece buffers."""
    print("ready", flush=True)
    sys.stdin.readline()
    free: queue.SimpleQueue[memoryview] = queue.SimpleQueue()
    for _ in range(PIECES_IN_FLIGHT):
        free.put(memoryview(mmap.mmap(-1, PIECE)))
    full: queue.SimpleQueue[tuple[memoryview, int] | None] = queue.SimpleQueue()
    with path.open("wb") as file, socket.create_connection((HOST, port)) as connection:
        worker = threading.Thread(target=_hash_and_write, args=(file.fileno(), full, free))
        worker.start()
        while True:
            buffer = free.get()
            length = _fill(connection, buffer)
            full.put((buffer, length) if length else None)
            if not length:
                break
        worker.join()
        os.fsync(file.fileno())
        print("done", flush=True)


def _fill(connection: socket.socket, buffer: memoryview) -> int:
    done = 0
    while done < PIECE and (count := connection.recv_into(buffer[done:])):
        done += count
    return done


def _hash_and_write(
    descriptor: int,
    full: queue.SimpleQueue[tuple[memoryview, int] | None],
    free: queue.SimpleQueue[memoryview],
) -> None:
    offset = 0
    while (item := full.get()) is not None:
        buffer, length = item
        hashlib.sha1(buffer[:length]).digest()
        offset += os.pwrite(descriptor, buffer[:length], offset)
        free.put(buffer)


if __name__ == "__main__":
    {"send": send, "receive": receive}[sys.argv[1]](Path(sys.argv[2]), int(sys.argv[3]))
