"""Requests that may come again and are carried out once: the answer is stored in the transaction of what was done.

Whoever comes with the same key later, or waits for the same row or key meanwhile, gets that answer and does nothing. What was
refused did nothing, so its key stays free.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from google.protobuf.message import Message
from sqlalchemy import Connection, bindparam, delete, select

from server.domain.errors import AlreadyAnswered, RequestKeyReused
from server.store.batch import Batch
from server.store.tables import ANSWER
from server.store.writer import Op

T = TypeVar("T")

KEPT_HOURS: Final = 24
_KEPT_US: Final = KEPT_HOURS * 3600 * 1_000_000
_FOUND: Final = (ANSWER.c.project_id, ANSWER.c.key_hash, ANSWER.c.fingerprint, ANSWER.c.data)
_KNOWN: Final = select(*_FOUND).where(
    ANSWER.c.project_id.in_(bindparam("project_ids", expanding=True)), ANSWER.c.key_hash.in_(bindparam("hashes", expanding=True))
)
"""By both, for the index begins with the project; what belongs to other pairs of the two is not looked at."""
_KNOWN_ONE: Final = select(ANSWER.c.fingerprint, ANSWER.c.data).where(
    ANSWER.c.project_id == bindparam("project_id"), ANSWER.c.key_hash == bindparam("key_hash")
)
_OLD: Final = (
    select(ANSWER.c.project_id.label("of_project"), ANSWER.c.key_hash.label("hash"))
    .where(ANSWER.c.created_us < bindparam("before"))
    .order_by(ANSWER.c.created_us)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_FORGET: Final = delete(ANSWER).where(ANSWER.c.project_id == bindparam("of_project"), ANSWER.c.key_hash == bindparam("hash"))


@dataclass(frozen=True, slots=True)
class RequestKey:
    """By what a request is known again: hashes of the caller's own key, and of all that the request asks for."""

    project_id: str
    key_hash: str
    fingerprint: str

    @classmethod
    def of(cls, project_id: str, key: str, asked: bytes) -> RequestKey:
        """Of the key and of the request's bytes, which must be the same for the same request."""
        return cls(project_id, hashlib.sha256(key.encode()).hexdigest(), hashlib.sha256(asked).hexdigest())


@dataclass(frozen=True, slots=True)
class Once(Generic[T]):
    """Has an operation carried out once. `answer` makes the answer of its result, in the writer's thread."""

    key: RequestKey
    answer: Callable[[T], Message]


class OnceOnly(Op[T]):
    """An operation under a request's key."""

    def __init__(self, op: Op[T], once: Once[T]) -> None:
        self.bot_ids = op.bot_ids
        self._op = op
        self._once = once
        self.place = (once.key.project_id, once.key.key_hash)

    def parts(self) -> Iterable[Op[Any]]:
        """Both are to be prepared."""
        return (self, *self._op.parts())

    @classmethod
    def prepare(cls, batch: Batch, ops: Sequence[OnceOnly[Any]]) -> None:
        """Finds what was answered already. The primary key has the last word: after a lost race the next try sees it here."""
        hashes = sorted({op.place[1] for op in ops})
        known = {"project_ids": sorted({op.place[0] for op in ops}), "hashes": hashes}
        for project_id, key_hash, fingerprint, data in batch.connection.execute(_KNOWN, known):
            batch.answers[project_id, key_hash] = (fingerprint, bytes(data))

    def run(self, batch: Batch) -> T:
        """Raises AlreadyAnswered, RequestKeyReused, and what the operation raises."""
        key = self._once.key
        _look(key, batch.answers.get(self.place))
        result = self._op.run(batch)
        data = self._once.answer(result).SerializeToString()
        batch.answers[self.place] = (key.fingerprint, data)
        batch.new.answers.append(
            {
                "project_id": key.project_id,
                "key_hash": key.key_hash,
                "fingerprint": key.fingerprint,
                "created_us": batch.now_us,
                "data": data,
            }
        )
        return result


class ForgetAnswers(Op[int]):
    """Deletes the answers that are old enough, `most` at a time; those that another server is at are skipped."""

    def __init__(self, most: int) -> None:
        self._most = most

    def run(self, batch: Batch) -> int:
        """How many there were."""
        old = {"before": batch.now_us - _KEPT_US, "most": self._most}
        found = [dict(row) for row in batch.connection.execute(_OLD, old).mappings()]
        if found:
            batch.connection.execute(_FORGET, found)
        return len(found)


def once_only(op: Op[T], once: Once[T] | None) -> Op[T]:
    """The operation, under its request's key if there is one."""
    return op if once is None else OnceOnly(op, once)


def recall(connection: Connection, key: RequestKey) -> None:
    """Raises AlreadyAnswered or RequestKeyReused where the key is known."""
    found = connection.execute(_KNOWN_ONE, {"project_id": key.project_id, "key_hash": key.key_hash}).first()
    _look(key, None if found is None else (found[0], bytes(found[1])))


def _look(key: RequestKey, known: tuple[str, bytes] | None) -> None:
    if known is not None:
        fingerprint, answer = known
        raise AlreadyAnswered(answer) if fingerprint == key.fingerprint else RequestKeyReused
