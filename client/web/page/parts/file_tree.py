"""The files of a folder as a tree: what is chosen, unfolded and urgent. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from glob import escape


class Urgency(StrEnum):
    """When a file is downloaded, compared with the others of its folder."""

    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"


@dataclass(eq=False)
class Node:
    """A file, or a folder with `children`; `path` has slashes, and is "" for the outermost one."""

    path: str
    name: str
    depth: int
    size: int = 0
    count: int = 0
    """How many files it has; 1 for a file."""
    is_chosen: bool = True
    is_fixed: bool = False
    """Whether a file can't be left out any more."""
    is_open: bool = False
    urgency: Urgency = Urgency.NORMAL
    children: dict[str, Node] = field(default_factory=dict)

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder."""
        return bool(self.children)

    def files(self) -> Iterator[Node]:
        """Yield the file, or all files in the folder."""
        if not self.children:
            yield self
        for child in self.children.values():
            yield from child.files()

    @property
    def tick(self) -> bool | None:
        """Whether it is chosen; None for a folder of which only a part is."""
        ticks = {file.is_chosen for file in self.files()}
        return ticks.pop() if len(ticks) == 1 else None

    @property
    def common_urgency(self) -> Urgency | None:
        """The urgency of all its files; None if they differ."""
        found = {file.urgency for file in self.files()}
        return found.pop() if len(found) == 1 else None


class FileTree:
    """Files given as pairs of path and size; all are chosen at first, only top folders shown."""

    def __init__(self, files: Sequence[tuple[str, int]]) -> None:
        self._root = Node("", "", -1, is_open=True)
        self._nodes: dict[str, Node] = {}
        for path, size in files:
            self._add(path, size)

    def _add(self, path: str, size: int) -> None:
        node = self._root
        node.size, node.count = node.size + size, node.count + 1
        parts = path.split("/")
        for depth, name in enumerate(parts):
            if name not in node.children:
                inner = "/".join(parts[: depth + 1])
                node.children[name] = self._nodes[inner] = Node(inner, name, depth)
            node = node.children[name]
            node.size, node.count = node.size + size, node.count + 1

    @property
    def count(self) -> int:
        """How many files there are."""
        return self._root.count

    @property
    def chosen(self) -> list[Node]:
        """The chosen files."""
        return [file for file in self._root.files() if file.is_chosen]

    def shown(self) -> list[Node]:
        """Return what is visible: everything outside of folded folders."""
        return list(_unfolded(self._root))

    def unfold(self, path: str, *, is_open: bool) -> None:
        """Show what is in a folder, or hide it."""
        self._nodes[path].is_open = is_open

    def choose(self, path: str, *, is_chosen: bool) -> None:
        """Choose a file, or all in a folder; those that are fixed stay as they are."""
        for file in self._nodes[path].files():
            file.is_chosen = is_chosen or file.is_fixed

    def choose_only(self, paths: Collection[str]) -> None:
        """Choose these files, and no others but the fixed ones."""
        for file in self._root.files():
            file.is_chosen = file.path in paths or file.is_fixed

    def fix(self, paths: Collection[str]) -> None:
        """Choose exactly these files, which can't be left out any more."""
        for file in self._root.files():
            file.is_chosen = file.is_fixed = file.path in paths

    def set_urgency(self, path: str, urgency: Urgency) -> None:
        """Set when a file is downloaded, or all files of a folder."""
        for file in self._nodes[path].files():
            file.urgency = urgency

    def set_urgencies(self, urgencies: Mapping[str, Urgency]) -> None:
        """Set the urgency of files by their paths."""
        for path, urgency in urgencies.items():
            self._nodes[path].urgency = urgency

    def patterns(self) -> tuple[str, ...]:
        """Return patterns that match exactly the chosen files; none if all are chosen."""
        if self._root.tick is True:
            return ()
        return tuple(escape(node.path) for node in _covers(self._root, lambda file: file.is_chosen))

    def urgent(self, urgency: Urgency) -> tuple[str, ...]:
        """Return patterns that match exactly the files of this urgency."""
        return tuple(
            escape(node.path) for node in _covers(self._root, lambda file: file.urgency is urgency)
        )


def _unfolded(folder: Node) -> Iterator[Node]:
    for child in folder.children.values():
        yield child
        if child.is_open:
            yield from _unfolded(child)


def _covers(folder: Node, is_meant: Callable[[Node], bool]) -> Iterator[Node]:
    """Yield files that are meant, and folders instead of all their files if all of them are."""
    for child in folder.children.values():
        if all(map(is_meant, child.files())):
            yield child
        else:
            yield from _covers(child, is_meant)
