"""Reads the tables of a platform file, one function a table."""

from __future__ import annotations

import re

from agents.platforms.base import UiState
from agents.platforms.file_conditions import conditions, css, css_key, part_sources, regular_expression, targets
from agents.platforms.file_steps import SECRET_VARIABLES, check_variables, steps
from agents.platforms.file_table import Table, kind
from agents.platforms.key_names import key_name
from agents.platforms.platform_file import (
    PEOPLE_SOURCES,
    VIEWS,
    BrowserNeeds,
    Captions,
    Chat,
    Condition,
    DoubtRules,
    Hosts,
    People,
    Reload,
    Step,
    UrlRules,
)

EVIDENCE_STATES = tuple(state for state in UiState if state not in {UiState.LOADING, UiState.UNKNOWN})
PERMISSIONS = {
    "camera": "videoCapture",
    "microphone": "audioCapture",
    "notifications": "notifications",
    "clipboard": "clipboardReadWrite",
    "screen": "displayCapture",
    "midi": "midi",
    "geolocation": "geolocation",
}
CAPTION_VARIABLES = ("captions_language", "captions_label")
"""The language that a bot asks for, and what the page may call it, by [captions.languages]; empty where none is asked for."""
RECEIVER_VARIABLES = ("to_name", "to_id")
"""Whom a message is for."""
_EXPRESSION = re.compile(r"/\.[*+]|[\\^$()]|\[[^\]]*-[^\]]*\]")
"""Marks of a regular expression that no glob of a meeting's URL needs."""
_GLOB = re.compile(r"^(https?|\*|http\*)://[^/\s?#]+(/\S*)?$")
_ORIGIN = re.compile(r"^https?://[^/\s?#*]+$")


def urls(top: Table) -> tuple[str, ...]:
    """The globs of [match]; the server reads them for itself."""
    table = top.table("match")
    if table is None:
        top.problem(
            "", 'the table [match] is missing: it says whose meetings these are, as urls = ["https://meet.example.org/*"]'
        )
        return ()
    urls = table.texts("urls")
    if not table.has("urls"):
        table.problem("", 'urls is missing, as urls = ["https://meet.example.org/*"]')
    for url in urls:
        if not _GLOB.match(url):
            table.problem("urls", f"{url!r} is no URL with * for any characters, as https://meet.example.org/*")
        elif _EXPRESSION.search(url):
            table.problem("urls", f"{url!r} looks like a regular expression; here * stands for any characters, and nothing else")
        elif re.match(r"^[^:]+://\*+(/|:|$)", url):
            table.problem("urls", f"{url!r} would match every meeting there is; name the host")
    table.done()
    return urls


def variables(top: Table) -> tuple[tuple[str, str], ...]:
    """The variables of [variables]: names and regular expressions."""
    table = top.table("variables")
    if table is None:
        return ()
    found = []
    for name in table.value:
        pattern = table.text(name)
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            table.problem(name, f"{name!r} must be of a-z, 0-9 and _, and begin with a letter")
        elif name in SECRET_VARIABLES:
            table.problem(name, f"{name!r} stands for something else already; choose another name")
        elif pattern:
            found.append((name, regular_expression(table, name, pattern, groups=1)))
    return tuple(found)


def browser(top: Table) -> BrowserNeeds:
    """[browser]."""
    table = top.table("browser")
    if table is None:
        return BrowserNeeds()
    for index, flag in enumerate(table.texts("flags")):
        if not flag.startswith("--"):
            table.source.problem((*table.at("flags"), index), f"{flag!r} is no switch of Chromium, as --lang=en-US")
        elif flag.startswith(("--disable-features", "--enable-features")):
            table.source.problem((*table.at("flags"), index), "write enabled_features and disabled_features instead")
    for index, origin in enumerate(table.texts("secure_origins")):
        if not _ORIGIN.match(origin):
            table.source.problem((*table.at("secure_origins"), index), f"{origin!r} is no origin, as http://10.0.0.1:8088")
    for name in (granted := table.texts("permissions")):
        if name not in PERMISSIONS:
            table.problem("permissions", f"{name!r} is not known; known are: {', '.join(PERMISSIONS)}")
    needs = BrowserNeeds(
        flags=table.texts("flags"),
        secure_origins=table.texts("secure_origins"),
        permissions=tuple(PERMISSIONS[name] for name in granted if name in PERMISSIONS),
        enabled_features=table.texts("enabled_features"),
        disabled_features=table.texts("disabled_features"),
        language=table.text("language", "en-US"),
        microphone=table.flag("microphone", default=True),
        camera=table.flag("camera", default=True),
    )
    table.done()
    return needs


def url(top: Table, variables: tuple[str, ...]) -> UrlRules:
    """[url]."""
    table = top.table("url")
    if table is None:
        return UrlRules()
    rewrites = []
    for one in table.tables("rewrite"):
        pattern = regular_expression(one, "from", one.text("from", required=True))
        replacement = "" if one.raw("to") == "" else one.text("to", required=True)  # nothing: what matches is taken out
        check_variables(one, "to", replacement, variables)
        rewrites.append((pattern, replacement))
        one.done()
    for key, more in (("query", SECRET_VARIABLES), ("fragment", ())):
        for name, value in table.pairs(key):
            check_variables(table, key, name + value, (*variables, *more))
    rules = UrlRules(
        rewrite=tuple(rewrites),
        open=table.text("open", "{meeting_url}"),
        query=table.pairs("query"),
        fragment=table.pairs("fragment"),
        timeout_seconds=table.number("timeout_seconds", 30, low=1, high=300),
        ahead=table.flag("ahead"),
    )
    check_variables(table, "open", rules.open, variables)
    table.done()
    return rules


def evidence(top: Table) -> tuple[tuple[UiState, tuple[Condition, ...]], ...]:
    """[evidence], state by state."""
    table = top.table("evidence")
    if table is None or not table.has("in_meeting"):
        example = 'in_meeting = [".remote-tile"]'
        (table or top).problem("", f"evidence of being in the meeting is missing: under [evidence], as {example}")
    if table is None:
        return ()
    found = tuple((state, conditions(table, state.value)) for state in EVIDENCE_STATES)
    table.done()
    for alternative in dict(found)[UiState.IN_MEETING]:
        said = (alternative.element, alternative.title, alternative.url, alternative.js)
        if not any((*said, alternative.counters, alternative.every, alternative.some)):
            table.problem("in_meeting", "what is not there is no evidence of being in; say what is there")
    return tuple((state, alternatives) for state, alternatives in found if alternatives)


def people(top: Table, variables: tuple[str, ...]) -> People | None:
    """[people]."""
    table = top.table("people")
    if table is None:
        return None
    pattern = table.text("name_pattern", hint="Video of (.+)")
    people = People(
        source=table.choice("from", "page", PEOPLE_SOURCES),
        item=css_key(table, "item"),
        id=part_sources(table, "id"),
        user_id=part_sources(table, "user_id"),
        name=part_sources(table, "name"),
        named=table.flag("named"),
        name_pattern=regular_expression(table, "name_pattern", pattern, groups=1) if pattern else "",
        name_strip=table.texts("name_strip", named=True),
        self_mark=css_key(table, "self"),
        self_text=table.texts("self_text", named=True),
        self_names=table.texts("self_names", named=True),
        self_by_name=table.flag("self_by_name"),
        host_mark=css_key(table, "host"),
        host_text=table.texts("host_text", named=True),
        speaking_mark=css_key(table, "speaking"),
        ignore=css_key(table, "ignore"),
        remote_media=table.flag("remote_media"),
        hidden=table.flag("hidden"),
        js=table.text("js"),
        unnamed=table.text("unnamed", "Participant {n}"),
        gone_after_seconds=table.number("gone_after_seconds", 1, low=0, high=60),
        track_source=part_sources(table, "track_source"),
        place=part_sources(table, "place"),
        count=part_sources(table, "count"),
        hosts=_hosts(table),
        look=steps(table, "look", variables),
    )
    if people.source == "page" and not (people.item or people.js):
        table.problem("", 'say where people are: item = ".tile", or js = "…", or from = "remote_streams"')
    table.done()
    return people


def _hosts(people: Table) -> Hosts | None:
    """[people.hosts]."""
    table = people.table("hosts")
    if table is None:
        return None
    hosts = Hosts(
        row=css_key(table, "row"),
        id=part_sources(table, "id"),
        name=part_sources(table, "name") or ("@text",),
        mark=css_key(table, "mark"),
        text=table.texts("text", named=True),
        except_text=table.texts("except_text", named=True),
    )
    if not (hosts.row and (hosts.mark or hosts.text)):
        table.problem("", 'say which rows there are, and how that of a host is marked: row = ".row", text = "Host"')
    table.done()
    return hosts


def chat(top: Table, variables: tuple[str, ...]) -> Chat | None:
    """[chat]."""
    table = top.table("chat")
    if table is None:
        return None
    chat = Chat(
        open=steps(table, "open", variables),
        input=targets(table, "input"),
        send=targets(table, "send"),
        to=targets(table, "to"),
        press=key_name(table, "press", "" if table.has("send") else "Enter"),
        message=css_key(table, "message"),
        id=part_sources(table, "id"),
        text=part_sources(table, "text", ("@text",)),
        sender=part_sources(table, "sender"),
        sender_id=part_sources(table, "sender_id"),
        own_mark=css_key(table, "own"),
        own_names=table.texts("own_names", named=True),
        ignore_names=table.texts("ignore_names", named=True),
        private_mark=css_key(table, "private"),
        ignore=css_key(table, "ignore"),
        hidden=table.flag("hidden"),
        js=table.text("js"),
        send_js=table.text("send_js"),
        max_length=table.whole("max_length", 0, low=0, high=100000),
        keep_open=table.flag("keep_open"),
        person=steps(table, "person", (*variables, *RECEIVER_VARIABLES)),
        everyone=steps(table, "everyone", variables),
    )
    if not (chat.input or chat.send_js or chat.message or chat.js):
        table.problem("", 'say at least where to write (input = "#chat-input") or where messages are (message = ".message")')
    table.done()
    return chat


def captions(top: Table, variables: tuple[str, ...]) -> Captions | None:
    """[captions]."""
    table = top.table("captions")
    if table is None:
        return None
    known = (*variables, *CAPTION_VARIABLES)
    captions = Captions(
        on=steps(table, "on", known),
        language=steps(table, "language", known),
        languages=_languages(table),
        is_on=conditions(table, "is_on"),
        region=css_key(table, "region"),
        line=css_key(table, "line"),
        id=part_sources(table, "id"),
        speaker=part_sources(table, "speaker"),
        speaker_id=part_sources(table, "speaker_id"),
        text=part_sources(table, "text", ("@text",)),
        own_names=table.texts("own_names", named=True),
        js=table.text("js"),
    )
    if not (captions.region or captions.js):
        table.problem("", 'say where captions stand: region = "[role=region].captions", or js = "…" (then with is_on)')
    elif not (captions.region or captions.is_on):
        table.problem("", "is_on is missing: how to see that captions are on")
    table.done()
    return captions


def _languages(table: Table) -> tuple[tuple[str, tuple[str, ...]], ...]:
    found = table.table("languages")
    if found is None:
        return ()
    languages = tuple((code, found.texts(code)) for code in found.value)
    found.done()
    return languages


def views(top: Table, variables: tuple[str, ...]) -> tuple[tuple[str, tuple[Step, ...]], ...]:
    """[[view.<name>]], view by view."""
    table = top.table("view")
    if table is None:
        return ()
    found = tuple((name, steps(table, name, variables)) for name in VIEWS if table.has(name))
    table.done()
    return found


def reload(top: Table) -> Reload:
    """[reload]."""
    table = top.table("reload")
    if table is None:
        return Reload()
    states = []
    for name in table.texts("while"):
        if name not in {state.value for state in EVIDENCE_STATES}:
            table.problem("while", f"{name!r} is no state; known are: {', '.join(EVIDENCE_STATES)}")
        else:
            states.append(UiState(name))
    reload = Reload(states=tuple(states), every_seconds=table.number("every_seconds", 15, low=2, high=600))
    table.done()
    return reload


def doubt(top: Table, variables: tuple[str, ...], people: People | None) -> DoubtRules:
    """[doubt]."""
    table = top.table("doubt")
    if table is None:
        return DoubtRules()
    rules = DoubtRules(when=conditions(table, "when"), look=steps(table, "look", variables))
    if not rules.when:
        table.problem("", 'when is missing: the control that opens the list of who is there, as when = "#people-button"')
    if not (rules.look or (people and people.look)):
        table.problem("", "say how to open the list of who is there, in steps under [[doubt.look]] or [[people.look]]")
    table.done()
    return rules


def selectors(top: Table, key: str) -> tuple[str, ...]:
    """A list of CSS selectors."""
    value = top.raw(key)
    if value is None:
        return ()
    if not isinstance(value, list):
        top.problem(key, f"must be a list of CSS selectors, not {kind(value)}")
        return ()
    return tuple(one for n, item in enumerate(value) if (one := css(top.source, (*top.at(key), n), item)))
