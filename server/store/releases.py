"""The operation by which a worker lets go of a bot."""

from __future__ import annotations

from server.domain.state import ATTENDING
from server.store import commands, leases
from server.store.batch import Batch
from server.store.records import BotRecord
from server.store.writer import Op


class ReleaseLease(Op[BotRecord]):
    """The worker lets go. Handing over costs the bot none of its attempts.

    Wishes that are open once the bot is out of its meeting have failed, and that is said here: the session that would have said
    so may have died with its server, and after this nobody looks at the bot any more.
    """

    def __init__(self, bot_id: str, epoch: int, *, hand_over: bool, unfinished: str = "") -> None:
        self.bot_ids = (bot_id,)
        self._epoch = epoch
        self._hand_over = hand_over
        self._unfinished = unfinished

    def run(self, batch: Batch) -> BotRecord:
        """Silent where the epoch is over."""
        row = batch.bot(self.bot_ids[0])
        if row.worker_id is not None and row.epoch == self._epoch:
            leases.let_go(batch, row, counts=not self._hand_over, unfinished=self._unfinished)
            if row.state not in ATTENDING:
                commands.give_up(batch, row)
        return row.record()
