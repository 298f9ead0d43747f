"""Files and folders to share, created quickly and reproducibly, and their comparison."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CTR

STEP = 1024 * 1024


def make_file(path: Path, size: int, seed: int = 1) -> Path:
    """Write `size` random bytes, the same for the same seed; parent folders are created."""
    path.parent.mkdir(parents=True, exist_ok=True)
    random_bytes = _source(seed)
    with path.open("wb") as file:
        for start in range(0, size, STEP):
            file.write(random_bytes(min(STEP, size - start)))
    return path


def make_sparse_file(path: Path, size: int, seed: int = 1) -> Path:
    """Write a sparse file of `size` bytes, with a few random bytes at both ends."""
    random_bytes = _source(seed)
    with path.open("wb") as file:
        edge = min(size, 1000)
        file.write(random_bytes(edge))
        file.seek(size - edge)
        file.write(random_bytes(edge))
    return path


def make_tree(root: Path, sizes: dict[str, int], seed: int = 1) -> Path:
    """Write a folder with a file of the given size at each relative path."""
    root.mkdir(parents=True, exist_ok=True)
    for number, (name, size) in enumerate(sizes.items()):
        make_file(root / name, size, seed + number)
    return root


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file, or of a folder's relative paths and contents, in hex."""
    if path.is_file():
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    whole = hashlib.sha256()
    for member in sorted(p for p in path.rglob("*") if p.is_file()):
        whole.update(f"{member.relative_to(path).as_posix()}\0{sha256(member)}\0".encode())
    return whole.hexdigest()


def _source(seed: int) -> Callable[[int], bytes]:
    """Return a source of random bytes: a cipher's stream, at ten times `random`'s speed."""
    cipher = Cipher(AES256(seed.to_bytes(32, "big")), CTR(bytes(16))).encryptor()
    return lambda count: cipher.update(bytes(count))
