"""A real server for a benchmark: started on a root of its own, asked by its own protocol, stopped."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

from abell import address


class Connection:
    """A connection to the engine of a root, in its own protocol."""

    def __init__(self, root):
        self.root = root
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(address.read(root, "engine").socket)
        self._stream = connection.makefile("rwb")

    def ask(self, **message):
        """All that the server says in answer to one question; the last message is the answer itself."""
        self._stream.write(json.dumps({"id": 1, **message}).encode() + b"\n")
        self._stream.flush()
        while True:
            told = json.loads(self._stream.readline())
            yield told
            if "event" not in told:
                if not told["ok"]:
                    raise SystemExit(told["error"])
                return

    def answer(self, **message):
        *_, last = self.ask(**message)
        return last


class Server(Connection):
    """A server of its own for a root."""

    def __init__(self, root, *options):
        with (root / "engine.log").open("ab") as log:
            command = [sys.executable, "-m", "abell", "serve", "--root", str(root), *options]
            self.process = subprocess.Popen(command, stderr=log, stdin=subprocess.DEVNULL)
        while (here := address.read(root, "engine")) is None or not here.alive:
            if self.process.poll() is not None:
                raise SystemExit((root / "engine.log").read_text())
            time.sleep(0.005)
        super().__init__(root)

    def supervisor(self):
        return address.read(self.root, "supervisor")

    def stop(self):
        self.answer(op="stop", when="now")
        self.process.wait()


def cpu_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mb(pid):
    lines = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(lines["VmRSS"].split()[0]) / 1024
