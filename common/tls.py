"""TLS without input or output: ciphertext on one side, plaintext on the other.

Whoever owns a socket drives an engine like this, with one lock around every call of the engine
and none around the socket's own, so that one thread may read while another writes:

    engine = TlsEngine(context, server_side=False, server_hostname="name")
    while not engine.handshake():             # False: it waits for the other side
        sock.sendall(engine.take())
        engine.feed(sock.recv(65536))         # or engine.feed_eof() at the stream's end
    sock.sendall(engine.take())               # the handshake's last words

    engine.write(data); sock.sendall(engine.take())                      # the writing thread
    engine.feed(sock.recv(65536)); count = engine.read_into(buffer)      # the reading thread

What `take` returned must reach the socket in the order in which it was taken: a thread that
writes holds a lock of its own over `write`, `take` and the socket's call.
"""

from __future__ import annotations

import hashlib
import ssl
from typing import cast


class TlsEngine:
    """One TLS connection. Not safe for use by several threads at once: see above.

    Every failure of the protocol is an `ssl.SSLError`, which is an OSError; the alert that tells
    the other side is then in `take`.
    """

    def __init__(
        self, context: ssl.SSLContext, *, server_side: bool, server_hostname: str | None = None
    ) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._object = context.wrap_bio(
            self._incoming, self._outgoing, server_side, server_hostname
        )
        self._failure: ssl.SSLError | None = None

    # --- ciphertext -------------------------------------------------------------------------
    def feed(self, data: bytes | bytearray | memoryview) -> None:
        """Ciphertext that has come; may be cut anywhere."""
        self._incoming.write(data)

    def feed_eof(self) -> None:
        """The stream from the other side has ended; `feed` is not to be called any more."""
        self._incoming.write_eof()

    @property
    def unread(self) -> int:
        """Bytes that were fed and wait to be decrypted, or are decrypted and wait to be read."""
        return self._incoming.pending + self._object.pending()

    def take(self) -> bytes:
        """All ciphertext that is to be sent; empty when there is none."""
        return self._outgoing.read()

    # --- handshake --------------------------------------------------------------------------
    def handshake(self) -> bool:
        """Go on with the handshake; False as long as it waits for the other side.

        Call it again after each `feed`; send what `take` gives after each call, also after the
        last one and after a failure. In TLS 1.3 a client is done before the server has judged its
        certificate: a refusal shows at the first read. Raises ssl.SSLError.
        """
        try:
            self._object.do_handshake()
        except ssl.SSLWantReadError:
            return False
        return True

    @property
    def session_reused(self) -> bool:
        """Whether the handshake resumed an earlier session, so that no certificate was shown."""
        return bool(self._object.session_reused)

    @property
    def peer_certificate(self) -> bytes | None:
        """The other side's certificate (DER), None when it showed none.

        To be asked once the handshake is done.
        """
        return self._object.getpeercert(binary_form=True)

    # --- plaintext --------------------------------------------------------------------------
    def read_into(self, buffer: memoryview) -> int | None:
        """Fill `buffer` with the plaintext there is; how many bytes.

        None when more ciphertext is needed first, 0 when the other side has ended its stream
        properly. What came before a failure is returned first. Raises ssl.SSLError, SSLEOFError
        among them for a stream that was cut off: its end may be missing.
        """
        if self._failure is not None:
            raise self._failure
        filled = 0
        while filled < len(buffer):  # one call reads one record, at most 16 KiB
            try:
                # With a buffer it returns a number, whatever its type says.
                count = cast(int, self._object.read(len(buffer) - filled, buffer[filled:]))
            except ssl.SSLWantReadError:
                return filled or None
            except ssl.SSLZeroReturnError:  # both sides have ended
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
        """Encrypt all of `data`; `take` has it then. Raises ssl.SSLError."""
        rest = memoryview(data)
        while rest:
            rest = rest[self._object.write(rest) :]

    def end(self) -> None:
        """Tell the other side that nothing more comes from here; send what `take` gives."""
        try:
            self._object.unwrap()
        except ssl.SSLError:  # it hasn't said the same yet, or its stream is broken
            return


def fingerprint(certificate: bytes) -> str:
    """SHA-256 of a certificate (DER) as people compare it, such as `AB:CD:...`: 32 bytes."""
    return hashlib.sha256(certificate).digest().hex(":").upper()
