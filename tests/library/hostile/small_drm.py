"""The small DRM of libdrmaa.c as tests steer it: its folder, the orders to its library, and what that was asked."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class Called(NamedTuple):
    pid: int  # of the library's process
    function: str
    about: str  # the job's id or name


class SmallDrm:
    """`environ` is what a server needs to find it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        (folder / "jobs").mkdir()
        self.environ = {"DRMAA_HOSTILE_DIR": str(folder)}

    def order(self, *orders: str) -> None:
        """From now on; in one step, as the library may be reading."""
        draft = self.folder / "orders.new"
        draft.write_text("".join(f"{order}\n" for order in orders))
        draft.replace(self.folder / "orders")

    @property
    def calls(self) -> list[Called]:
        file = self.folder / "calls"
        lines = file.read_text(errors="replace").splitlines() if file.exists() else []
        return [Called(int(pid), function, about) for pid, function, about in (line.split(" ", 2) for line in lines)]

    def count(self, function: str) -> int:
        return sum(call.function == function for call in self.calls)

    @property
    def pid(self) -> int:
        """The last process that called the library."""
        return self.calls[-1].pid
