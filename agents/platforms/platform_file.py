"""What a platform file says, as values. `file_reader.load` makes a PlatformFile; docs/writing-an-adapter.md explains each key."""

from __future__ import annotations

from dataclasses import dataclass, field

from agents.platforms.base import UiState

OTHERS = "others"
LISTED = "listed"
COUNTERS = (
    "remote_tracks",
    "remote_audio_tracks",
    "remote_video_tracks",
    "remote_videos",
    "contributors",
    "peers",
    OTHERS,
    LISTED,
)
"""What is counted beside elements: incoming tracks, visible videos that show one, people whom incoming packets name as heard in
them, connected peer connections, the people of the file's `[people]` that are not the bot, and whether the list that the
file's `[doubt]` opens has a row with the bot's name."""

VIEWS = ("speaker_view", "gallery_view", "speaker_view_no_sidebar")
"""As `recording_settings.view`."""
PEOPLE_SOURCES = ("page", "remote_streams", "remote_audio", "remote_video", "peers")
"""Where the list of people comes from: elements of the page, or the peer connections."""


Spot = tuple[float, float]
"""A place in an element, as fractions of its width and height from the upper left corner."""


@dataclass(frozen=True, slots=True)
class Target:
    """An element: all that is said must hold. Without `css`, text and label look at buttons, links and the like."""

    css: str = ""
    text: tuple[str, ...] = ()
    """One of these is contained in its visible text, folded."""
    text_is: tuple[str, ...] = ()
    """Its visible text is one of these, folded."""
    label: tuple[str, ...] = ()
    """Its aria-label, title, alt, placeholder or value is one of these, folded."""
    hidden: bool = False
    """Also an element that is not visible."""
    frame: str = ""
    """Only in frames whose URL matches this wildcard."""


@dataclass(frozen=True, slots=True)
class Condition:
    """Everything said must hold at once, anywhere in the page's frames."""

    element: Target | None = None
    at_least: int = 1
    at_most: int | None = None
    title: tuple[str, ...] = ()
    """One of these is contained in the document's title, folded."""
    url: tuple[str, ...] = ()
    """The top frame's URL matches one of these wildcards."""
    js: str = ""
    """An expression, true in any frame; an error counts as false."""
    variable: str = ""
    """This variable of the file is not empty."""
    counters: tuple[tuple[str, int], ...] = ()
    """Names of COUNTERS with the least count."""
    every: tuple[Condition, ...] = ()
    some: tuple[Condition, ...] = ()
    none: tuple[Condition, ...] = ()
    for_seconds: float | None = None
    """How long it must hold; None for the default of where it stands."""
    where: str = ""
    """As `line 3`."""

    @property
    def says_it(self) -> bool:
        """Whether it is a statement (text, title, address, client's own state), not only an element that is there or not."""
        if self.title or self.url or self.js or (self.element and (self.element.text or self.element.text_is)):
            return True
        return any(part.says_it for part in (*self.every, *self.some))


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do in the page."""

    name: str
    action: str
    """click, fill, press, type, choose, check, uncheck, scroll, wait_for, wait_seconds, js, open, switch."""
    targets: tuple[Target, ...] = ()
    """Alternatives, best first."""
    value: str = ""
    """What to fill in, type or choose, the key, the expression, the URL: with {variables}; of `switch`, the Device."""
    at: Spot | None = None
    """Where in the element to press."""
    seconds: float = 0.0
    wait_for: tuple[Condition, ...] = ()
    allowed: str = ""
    """Characters that a filled-in value may have, as the inside of a regular expression's [class]; others are dropped."""
    max_length: int = 0
    if_variable: str = ""
    """Only where this variable is not empty."""
    when: tuple[Condition, ...] = ()
    unless: tuple[Condition, ...] = ()
    until: tuple[Condition, ...] = ()
    """Holds after the step; the step is done again every `retry_seconds` until it does."""
    retry_seconds: float = 2.0
    optional: bool = False
    timeout_seconds: float | None = None
    trusted: bool = True
    """False: the page's own click(), as for elements that are covered on purpose."""
    where: str = ""


@dataclass(frozen=True, slots=True)
class Dialog:
    """Something that may appear at any time and is answered: a banner, or a consent, which is logged."""

    name: str
    when: tuple[Condition, ...]
    targets: tuple[Target, ...]
    js: str = ""
    """An expression that answers it, in place of a click."""
    if_variable: str = ""
    consent: bool = False
    at_most_times: int = 5
    where: str = ""


@dataclass(frozen=True, slots=True)
class Hosts:
    """Rows of a list that says who is host, where it is shown: nobody else is host then. Sources as in People."""

    row: str
    id: tuple[str, ...] = ()
    """Without, a row is whoever alone bears its name."""
    name: tuple[str, ...] = ("@text",)
    mark: str = ""
    text: tuple[str, ...] = ()
    """Words that mark a row; those of the name do not count."""
    except_text: tuple[str, ...] = ()
    """Words that only look like them, as "Co-organizer"."""


@dataclass(frozen=True, slots=True)
class People:
    """Who is in the meeting. Sources are `css`, `css@attribute`, `@attribute` or `@text` below the item, the best first."""

    source: str = "page"
    item: str = ""
    id: tuple[str, ...] = ()
    user_id: tuple[str, ...] = ()
    name: tuple[str, ...] = ()
    named: bool = False
    """Only items that have a name."""
    name_pattern: str = ""
    name_strip: tuple[str, ...] = ()
    self_mark: str = ""
    self_text: tuple[str, ...] = ()
    self_names: tuple[str, ...] = ()
    """Names that mean the bot, as "You"."""
    host_mark: str = ""
    host_text: tuple[str, ...] = ()
    speaking_mark: str = ""
    ignore: str = ""
    remote_media: bool = False
    hidden: bool = False
    js: str = ""
    unnamed: str = "Participant {n}"
    self_by_name: bool = False
    gone_after_seconds: float = 1.0
    track_source: tuple[str, ...] = ()
    """Where the number stands by which a person is known in mixed tracks, or the id of the track that is theirs."""
    place: tuple[str, ...] = ()
    """Where somebody stands on a page without ids: who is called otherwise in the same place is the same person."""
    count: tuple[str, ...] = ()
    """Where the page says how many are there, the bot included: while fewer are shown, those who are not shown have not left."""
    hosts: Hosts | None = None
    look: tuple[Step, ...] = ()
    """Shows for a moment who is host, where that does not always stand in the page; remembered until it is shown again."""


@dataclass(frozen=True, slots=True)
class Chat:
    """Reading and writing messages. Sources as in People."""

    open: tuple[Step, ...] = ()
    input: tuple[Target, ...] = ()
    send: tuple[Target, ...] = ()
    to: tuple[Target, ...] = ()
    """A list to choose the receiver from; its values are the people's ids, "" is everyone."""
    press: str = ""
    message: str = ""
    id: tuple[str, ...] = ()
    text: tuple[str, ...] = ("@text",)
    sender: tuple[str, ...] = ()
    sender_id: tuple[str, ...] = ()
    own_mark: str = ""
    own_names: tuple[str, ...] = ()
    ignore_names: tuple[str, ...] = ()
    """Under which the page itself writes."""
    private_mark: str = ""
    ignore: str = ""
    hidden: bool = False
    js: str = ""
    send_js: str = ""
    """An expression that says `vars.message` to everyone, or to the one with the id `vars.to`; then nothing is typed."""
    max_length: int = 0
    keep_open: bool = False
    """Whether messages are seen only while the chat is open: then it is opened at once, and stays so."""
    person: tuple[Step, ...] = ()
    """Chooses one person, `{to_name}`, as the receiver."""
    everyone: tuple[Step, ...] = ()
    """Chooses everyone again."""


@dataclass(frozen=True, slots=True)
class Captions:
    """Where the platform writes what is said. Sources as in People."""

    on: tuple[Step, ...] = ()
    """Switches them on."""
    language: tuple[Step, ...] = ()
    """Chooses the language that is asked for."""
    languages: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """A language as bots ask for it, and what the page may call it."""
    is_on: tuple[Condition, ...] = ()
    """Without, the region being there is enough."""
    region: str = ""
    line: str = ""
    """One utterance; without, the region is one."""
    id: tuple[str, ...] = ()
    speaker: tuple[str, ...] = ()
    speaker_id: tuple[str, ...] = ()
    text: tuple[str, ...] = ("@text",)
    own_names: tuple[str, ...] = ()
    """How the page calls the bot itself, as "You"."""
    js: str = ""


@dataclass(frozen=True, slots=True)
class DeviceControl:
    """How the page turns the bot's microphone, or its camera, on and off, before the meeting and in it.

    The label of a button says what a press would do, not how things are: both states are described, neither follows from a press.
    """

    is_on: tuple[Condition, ...] = ()
    is_off: tuple[Condition, ...] = ()
    refused: tuple[Condition, ...] = ()
    """The meeting does not let the bot turn it on."""
    turn_on: tuple[Step, ...] = ()
    turn_off: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class BrowserNeeds:
    """What Chromium must be told."""

    flags: tuple[str, ...] = ()
    secure_origins: tuple[str, ...] = ()
    permissions: tuple[str, ...] = ()
    """CDP names, as `audioCapture`."""
    enabled_features: tuple[str, ...] = ()
    disabled_features: tuple[str, ...] = ()
    language: str = "en-US"
    microphone: bool = True
    """Whether the page finds the bot's microphone."""
    camera: bool = True


@dataclass(frozen=True, slots=True)
class UrlRules:
    """How the meeting's URL becomes the one to open."""

    rewrite: tuple[tuple[str, str], ...] = ()
    """Regular expression and replacement; all that match are applied, in order."""
    open: str = "{meeting_url}"
    query: tuple[tuple[str, str], ...] = ()
    fragment: tuple[tuple[str, str], ...] = ()
    timeout_seconds: float = 30.0
    ahead: bool = False
    """Whether a scheduled bot may open the page before its time: nobody is told of a visitor who has not done a step."""


@dataclass(frozen=True, slots=True)
class Reload:
    """Opening the page anew and joining again while a state stands, as Zoom needs while the host is absent."""

    states: tuple[UiState, ...] = ()
    every_seconds: float = 15.0


@dataclass(frozen=True, slots=True)
class DoubtRules:
    """What the meeting shares with lobbies in words that nobody knows, and how to find out which of them it is (doubt.py)."""

    when: tuple[Condition, ...] = ()
    """The control that opens the list of who is there is shown."""
    look: tuple[Step, ...] = ()
    """Opens the list for a moment; without, `[[people.look]]` does."""


@dataclass(frozen=True, slots=True)
class PlatformFile:
    """One platform, described."""

    name: str
    title: str
    urls: tuple[str, ...]
    version: str = ""
    """When the file was last brought up to date, for people."""
    variables: tuple[tuple[str, str], ...] = ()
    """Name, and a regular expression over the meeting URL whose first group is the value."""
    browser: BrowserNeeds = field(default_factory=BrowserNeeds)
    url: UrlRules = field(default_factory=UrlRules)
    join: tuple[Step, ...] = ()
    after_join: tuple[Step, ...] = ()
    leave: tuple[Step, ...] = ()
    dialogs: tuple[Dialog, ...] = ()
    evidence: tuple[tuple[UiState, tuple[Condition, ...]], ...] = ()
    people: People | None = None
    chat: Chat | None = None
    captions: Captions | None = None
    microphone: DeviceControl | None = None
    camera: DeviceControl | None = None
    views: tuple[tuple[str, tuple[Step, ...]], ...] = ()
    """A view as bots ask for it, and how it is chosen in the meeting."""
    reload: Reload = field(default_factory=Reload)
    doubt: DoubtRules = field(default_factory=DoubtRules)
    step_seconds: float = 15.0
    ignore_text_in: tuple[str, ...] = ()
    """Elements in which no evidence is read, beside chat messages and people."""
    path: str = ""
