from __future__ import annotations

import re

from server.domain.ids import new_id


def test_an_id_is_its_prefix_and_sixteen_letters_or_digits() -> None:
    assert re.fullmatch(r"bot_[A-Za-z0-9]{16}", new_id("bot"))


def test_ids_differ_and_use_the_whole_alphabet() -> None:
    ids = {new_id("evt") for _ in range(5_000)}
    assert len(ids) == 5_000
    assert len(set("".join(one[4:] for one in ids))) == 62
