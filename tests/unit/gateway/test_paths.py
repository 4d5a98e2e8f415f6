from __future__ import annotations

import pytest

from gateway.paths import PathTree, Template, split


def tree(*templates: str) -> PathTree[str]:
    paths: PathTree[str] = PathTree()
    for template in templates:
        paths.slot(Template.parse(template), template)
    return paths


def find(paths: PathTree[str], path: str) -> str | None:
    segments = split(path.encode())
    found = paths.find(segments) if segments is not None else None
    return None if found is None else found[0]


def test_a_literal_wins_over_a_field_and_a_field_over_the_rest() -> None:
    paths = tree("/v1/bots/{id}", "/v1/bots/all", "/v1/{rest=**}")
    assert find(paths, "/v1/bots/all") == "/v1/bots/all"
    assert find(paths, "/v1/bots/x") == "/v1/bots/{id}"
    assert find(paths, "/v1/other/x/y") == "/v1/{rest=**}"


def test_a_wrong_turn_at_a_literal_is_taken_back() -> None:
    paths = tree("/v1/bots/{id}/leave", "/v1/{kind}/all/things")
    assert find(paths, "/v1/bots/all/things") == "/v1/{kind}/all/things"


@pytest.mark.parametrize("path", ["/v1/bots/", "/v1/bots//leave", "/v1", "/", "/v1/bots/x/leave/", "/v2/bots/x/leave"])
def test_nothing_is_found_where_a_segment_is_empty_missing_or_too_many(path: str) -> None:
    assert find(tree("/v1/bots/{id}", "/v1/bots/{id}/leave"), path) is None


def test_a_field_takes_the_segments_of_its_pattern() -> None:
    template = Template.parse("/v1/{name=projects/*/bots/*}/events/{event}")
    segments = split(b"/v1/projects/p1/bots/b1/events/e1")
    assert segments is not None
    assert template.values(segments) == [("name", "projects/p1/bots/b1"), ("event", "e1")]


def test_a_verb_after_a_colon_divides_methods_of_one_path() -> None:
    paths = tree("/v1/bots/{id}", "/v1/bots/{id}:cancel", "/v1/files/{path=**}:read")
    assert find(paths, "/v1/bots/b1:cancel") == "/v1/bots/{id}:cancel"
    assert find(paths, "/v1/bots/b1") == "/v1/bots/{id}"
    assert find(paths, "/v1/files/a/b:read") == "/v1/files/{path=**}:read"
    found = paths.find(["v1", "bots", "b1:cancel"])
    assert found is not None
    assert found[1] == ["v1", "bots", "b1"]


def test_an_escaped_slash_stays_within_its_segment() -> None:
    assert split(b"/v1/a%2Fb/c%20d") == ["v1", "a/b", "c d"]


def test_a_path_that_is_not_utf_8_is_none() -> None:
    assert split(b"/v1/%ff") is None


@pytest.mark.parametrize("template", ["v1/bots", "/v1/{bots", "/v1/bots}", "/v1/{A-B}"])
def test_what_is_no_template_is_refused(template: str) -> None:
    with pytest.raises(ValueError, match="no path template"):
        Template.parse(template)
