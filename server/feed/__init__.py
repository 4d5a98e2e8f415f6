"""Follows the log: wakes whoever watches a bot or a project, in order, without a gap, however slow or new they are."""

from server.feed.bounds import begin_in_bot, begin_in_project
from server.feed.cursor import START, format_cursor, parse_cursor
from server.feed.hub import Feed
from server.feed.subscription import FeedConfig, FeedItem
from server.store import EventFilter

__all__ = [
    "START",
    "EventFilter",
    "Feed",
    "FeedConfig",
    "FeedItem",
    "begin_in_bot",
    "begin_in_project",
    "format_cursor",
    "parse_cursor",
]
