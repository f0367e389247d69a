"""Which peer process a question of a back end's goes to: one wiring for all who drive a back end's steps."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

from abell.backends.contract import Ask, Reply, Unreachable, Want
from abell.hosts.local import LocalHost

Peer: TypeAlias = Callable[[Ask], Awaitable[Reply]]
Peers: TypeAlias = Mapping[str, Peer]  # by the name that `Ask.peer` says


async def ask(peers: Peers, want: Ask) -> Reply:
    """The peer's reply; Unreachable where nobody has this name."""
    peer = peers.get(want.peer)
    return await peer(want) if peer else Unreachable(f"there is no {want.peer} here")


def fulfiller(host: LocalHost, peers: Peers) -> Callable[[Want], Awaitable[Reply]]:
    """For `drive`: commands go to the host, questions to their peers."""

    async def fulfil(want: Want) -> Reply:
        return await (ask(peers, want) if isinstance(want, Ask) else host.run(want))

    return fulfil
