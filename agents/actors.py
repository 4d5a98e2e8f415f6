"""The one Dramatiq actor: `run_bot(bot_id)`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import dramatiq
from dramatiq.middleware import Shutdown

QUEUE = "bots"
"""The server sends its hints here, by this name and the actor's; it loads nothing of us."""
ACTOR = "run_bot"


def declare_run_bot(broker: dramatiq.Broker, run: Callable[[str], Awaitable[None]]) -> None:
    """Declares the actor on `broker`: each message is carried out by `run(bot_id)` on the worker's event loop.

    A message is a hint and may come twice: `run` decides whether there is anything to do, and returns quietly if not. It may take
    hours, and hears of a stopping worker by CancelledError. An actor that an earlier worker in this process declared is replaced.
    """
    broker.actors.pop(ACTOR, None)

    @dramatiq.actor(
        broker=broker,
        actor_name=ACTOR,
        queue_name=QUEUE,
        max_retries=0,
        time_limit=float("inf"),
        notify_shutdown=True,
        throws=(Shutdown,),  # a worker that stops has handed its bots over: nothing that a log needs a traceback of
    )
    async def run_bot(bot_id: str) -> None:
        await run(bot_id)
