"""TLS without I/O: ciphertext on one side, plaintext on the other.

The owner of a socket drives the engine like this, with one lock around every engine call and none
around socket calls, so that one thread can read while another writes:

    engine = TlsEngine(context, server_side=False, server_hostname="name")
    while not engine.handshake():             # False: it waits for the other side
        sock.sendall(engine.take())
        engine.feed(sock.recv(65536))         # or engine.feed_eof() at the end of the stream
    sock.sendall(engine.take())               # the last handshake message

    engine.write(data); sock.sendall(engine.take())                      # the writing thread
    engine.feed(sock.recv(65536)); count = engine.read_into(buffer)      # the reading thread

Data returned by `take` must reach the socket in the order it was taken: a thread that writes holds
a lock of its own across `write`, `take` and the socket call.
"""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Callable
from typing import cast


def new_context(protocol: ssl._SSLMethod) -> ssl.SSLContext:
    """Return a context of ours: TLS 1.3 only, and a server's gives no session tickets.

    A ticket would be one more secret, and could outlive an expired certificate.
    """
    context = ssl.SSLContext(protocol)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    if protocol is ssl.PROTOCOL_TLS_SERVER:
        context.num_tickets = 0
    return context


class TlsEngine:
    """One TLS connection. Not thread-safe: see above.

    Every protocol failure is an `ssl.SSLError`, which is an OSError; `take` then returns the alert
    for the other side.
    """

    def __init__(
        self, context: ssl.SSLContext, *, server_side: bool, server_hostname: str | None = None
    ) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._object = context.wrap_bio(
            self._incoming, self._outgoing, server_side, server_hostname
        )
        # Given a buffer, it returns a number, despite its annotated type.
        self._read_record = cast(Callable[[int, memoryview], int], self._object.read)
        self._failure: ssl.SSLError | None = None

    # --- ciphertext -------------------------------------------------------------------------
    def feed(self, data: bytes | bytearray | memoryview) -> None:
        """Add received ciphertext, split anywhere."""
        self._incoming.write(data)

    def feed_eof(self) -> None:
        """Mark the end of the received stream; don't call `feed` after this."""
        self._incoming.write_eof()

    @property
    def unread(self) -> int:
        """Bytes fed and not yet decrypted, or decrypted and not yet read.

        Does not count the beginning of a record whose end has not been fed.
        """
        return self._incoming.pending + self._object.pending()

    @property
    def has_failed(self) -> bool:
        """Whether the next read raises the failure that ended an earlier one."""
        return self._failure is not None

    def take(self) -> bytes:
        """Return all ciphertext to send; empty when there is none."""
        return self._outgoing.read()

    # --- handshake --------------------------------------------------------------------------
    def handshake(self) -> bool:
        """Continue the handshake; return False while it waits for the other side.

        Call it again after each `feed`, and send what `take` returns after each call, including the
        last one and a failed one. In TLS 1.3 a client finishes before the server has checked its
        certificate: a refusal shows at the first read. Raises ssl.SSLError.
        """
        try:
            self._object.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True

    @property
    def session_reused(self) -> bool:
        """Whether the handshake resumed an earlier session, without showing a certificate."""
        return bool(self._object.session_reused)

    @property
    def peer_certificate(self) -> bytes | None:
        """The other side's certificate (DER), or None if it showed none.

        Valid once the handshake is done.
        """
        return self._object.getpeercert(binary_form=True)

    # --- plaintext --------------------------------------------------------------------------
    def read_into(self, buffer: memoryview) -> int | None:
        """Fill `buffer` with available plaintext and return the number of bytes.

        Returns None when it needs more ciphertext, 0 when the other side closed its stream
        properly. Plaintext received before a failure is returned first. Raises ssl.SSLError;
        SSLEOFError for a truncated stream.
        """
        if self._failure is not None:
            raise self._failure
        filled, size, read = 0, len(buffer), self._read_record
        while filled < size:  # one call reads one record, at most 16 KiB
            try:
                count = read(size - filled, buffer[filled:])
            except ssl.SSLWantReadError:
                return filled or None
            except ssl.SSLZeroReturnError:  # both sides have closed
                break
            except ssl.SSLError as error:
                self._failure = error
                if filled:
                    return filled
                raise
            if count == 0:
                break
            filled += count
        return filled

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Encrypt all of `data` for `take` to return. Raises ssl.SSLError."""
        rest = memoryview(data)
        while rest:
            rest = rest[self._object.write(rest) :]

    def end(self) -> None:
        """Close our direction of the stream; send what `take` returns."""
        try:
            self._object.unwrap()
        except ssl.SSLError:  # the other side hasn't closed its direction, or its stream is broken
            return


def fingerprint(certificate: bytes) -> str:
    """Return a certificate's (DER) SHA-256 as people compare it: 32 bytes as `AB:CD:...`."""
    return hashlib.sha256(certificate).digest().hex(":").upper()
