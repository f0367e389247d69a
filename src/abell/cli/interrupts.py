"""Ctrl-C while a job runs: noted the first time, KeyboardInterrupt the second."""

from __future__ import annotations

import os
import signal
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """`fileno` becomes readable when there is one. A signal that our parent ignores (nohup) stays ignored."""

    def __init__(self) -> None:
        self._count = 0
        self._taken = False
        self._before: dict[signal.Signals, signal._HANDLER] = {}

    def __enter__(self) -> Interrupts:
        self._read, self._write = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        for number in _SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        os.close(self._read)
        os.close(self._write)

    def fileno(self) -> int:
        return self._read

    def take(self) -> bool:
        """Whether there was one that has not been taken yet."""
        if self._count == 0 or self._taken:
            return False
        self._taken = True
        os.read(self._read, 16)
        return True

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._count += 1
        if self._count > 1:
            raise KeyboardInterrupt
        os.write(self._write, b"!")
