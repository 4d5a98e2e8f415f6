"""Follows the log: wakes whoever watches a bot or a project, in order, without a gap, however slow or new they are."""

from server.feed.cursor import START, format_cursor, parse_cursor
from server.feed.filters import EventFilter
from server.feed.hub import Feed
from server.feed.subscription import FeedConfig, FeedItem

__all__ = ["START", "EventFilter", "Feed", "FeedConfig", "FeedItem", "format_cursor", "parse_cursor"]
