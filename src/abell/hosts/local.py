"""Runs commands on this machine: argv only, a time limit, bounded output, nothing left behind."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Mapping

from abell.backends.contract import Call, Exited, Reply, TimedOut, Unreachable

MOST_OUTPUT = 64 * 2**20  # bytes; a status command that says more has gone mad


class LocalHost:
    """This machine."""

    def __init__(self, env: Mapping[str, str] | None = None) -> None:
        self._env = dict(os.environ if env is None else env)
        self._env["LC_ALL"] = "C"  # messages are matched in English

    async def run(self, call: Call) -> Reply:
        """The command's exit and output. A command over its time is killed with its process group."""
        try:
            process = await asyncio.create_subprocess_exec(
                *call.argv,
                stdin=asyncio.subprocess.PIPE if call.stdin else asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=self._env,
                start_new_session=True,
                limit=MOST_OUTPUT,
            )
        except OSError as error:
            return Unreachable(f"{call.argv[0]}: {error.strerror or error}")
        try:
            out, err = await asyncio.wait_for(process.communicate(call.stdin or None), call.timeout_s)
        except TimeoutError:
            return TimedOut(call.timeout_s)
        finally:
            if process.returncode is None:
                try:
                    os.killpg(process.pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
                await process.wait()
        assert process.returncode is not None
        return Exited(process.returncode, out.decode(errors="replace"), err.decode(errors="replace"))
