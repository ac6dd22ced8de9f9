"""Every key of the app, once: key bar, `?` help, palette and bindings are made of it.

What a key does is the `action_` method of a screen; nothing here knows the run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple, get_args

from textual.binding import Binding

KeyGroup = Literal["The runs", "The run", "What now", "The replay", "Looking", "Moving", "The app"]
GROUPS: tuple[KeyGroup, ...] = get_args(KeyGroup)
"""In the order in which help shows them."""
Need = Literal["", "run", "over", "replay", "table", "lanes"]
KeyOwner = Literal["app", "run", "experiment", "home"]
"""Whose key it is: every screen's, or that of one. Its `action_` method stands there."""


@dataclass(frozen=True, slots=True)
class Hotkey:
    """One thing that a person can do."""

    keys: str
    """As Textual names them, with commas between; the first is the one that is shown."""
    action: str
    group: KeyGroup
    help: str
    """A whole sentence's worth, for `?` and the palette."""
    label: str = ""
    """Two words for the key bar; empty keeps it off."""
    need: Need = ""
    """Where it means something: with a loop to steer, after its end, in a replay, of a table that
    another program writes, of several lanes, or anywhere."""
    on: KeyOwner = "run"
    moves: bool = False
    """A movement: known to every hand, so not offered in the palette."""

    @property
    def name(self) -> str:
        """Of the action: `step` for `step(1)`."""
        return self.action.partition("(")[0].removeprefix("app.")

    @property
    def shown(self) -> str:
        """The key as it stands on a keyboard."""
        return self.all_shown[0]

    @property
    def all_shown(self) -> list[str]:
        """All of its keys, likewise."""
        return [_NAMES.get(name, name) for name in self.keys.split(",")]


_NAMES = {
    "enter": "⏎",
    "slash": "/",
    "question_mark": "?",
    "full_stop": ".",
    "comma": ",",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "left_curly_bracket": "{",
    "right_curly_bracket": "}",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "home": "Home",
    "end": "End",
    "ctrl+p": "^p",
    "ctrl+l": "^l",
    "ctrl+z": "^z",
    "ctrl+c": "^c",
    "ctrl+q": "^q",
    "plus": "+",
    "f1": "F1",
    "escape": "esc",
    "tab": "tab",
}

KEYS = (
    Hotkey("enter", "open", "The runs", "Watch it: live, or as it ended", "open", on="home"),
    Hotkey("p", "replay", "The runs", "Play it again from its start", "replay", on="home"),
    Hotkey("n", "new", "The runs", "Start a run here, or go on with the last", "new", on="home"),
    Hotkey("space", "mark", "The runs", "Mark it for a comparison", "mark", on="home"),
    Hotkey("c", "compare", "The runs", "Compare the marked ones", "compare", on="home"),
    Hotkey("f", "finish", "The runs", "Take it home: a branch for review", "finish", on="home"),
    Hotkey("r", "report", "The runs", "Write its report, a page", "report", on="home"),
    Hotkey("a", "all", "The runs", "Of this machine, or of this repository", "all", on="home"),
    Hotkey(
        "space,p",
        "toggle_pause",
        "The run",
        "Pause after this experiment, or go on",
        "pause",
        "run",
    ),
    Hotkey(
        "s",
        "skip",
        "The run",
        "Skip this experiment, at once",
        "skip",
        "run",
    ),
    Hotkey("S", "stop_after", "The run", "Stop the run after this experiment", "stop after", "run"),
    Hotkey("x", "stop_now", "The run", "Stop the run now (asks first)", "", "run"),
    Hotkey("h", "hint", "The run", "Give a hint for the next proposals", "hint", "run"),
    Hotkey("e", "instructions", "The run", "Edit the instructions in $EDITOR", "", "run"),
    Hotkey("a", "note", "The run", "Note something of the selected experiment", "", "run"),
    Hotkey("A", "never", "The run", "Never again: its idea, or again after all", "", "run"),
    Hotkey("u", "budget", "The run", "Change the budget: experiments, hours, dollars", "", "run"),
    Hotkey("F", "next('finish')", "What now", "Take it home: a branch to review", "finish", "over"),
    Hotkey(
        "N",
        "next('run')",
        "What now",
        "The next run, from the selected or the best",
        "next run",
        "over",
    ),
    Hotkey("V", "next('verify')", "What now", "Measure the gains again", "verify", "over"),
    Hotkey("R", "next('report')", "What now", "Write the report", "report", "over"),
    Hotkey("space,p", "play", "The replay", "Play, or hold", "play", "replay"),
    Hotkey("right_square_bracket", "step(1)", "The replay", "One experiment on", "step", "replay"),
    Hotkey("left_square_bracket", "step(-1)", "The replay", "One experiment back", "", "replay"),
    Hotkey("full_stop", "keep(1)", "The replay", "To the next keep", "next keep", "replay"),
    Hotkey("comma", "keep(-1)", "The replay", "To the keep before", "", "replay"),
    Hotkey("right_curly_bracket", "leap(1)", "The replay", "A tenth of the run on", "", "replay"),
    Hotkey("left_curly_bracket", "leap(-1)", "The replay", "A tenth of the run back", "", "replay"),
    Hotkey("greater_than_sign", "speed(1)", "The replay", "Faster", "faster", "replay"),
    Hotkey("less_than_sign", "speed(-1)", "The replay", "Slower", "", "replay"),
    Hotkey("g,home", "jump(0)", "The replay", "To the beginning", "", "replay"),
    Hotkey("G,end", "jump(1)", "The replay", "To the end", "", "replay"),
    Hotkey("enter", "open", "Looking", "Open: hypothesis, diff, metrics, output", "open"),
    Hotkey("n", "experiment(1)", "Looking", "Look at the next experiment"),
    Hotkey("P", "experiment(-1)", "Looking", "Look at the experiment before"),
    Hotkey("0", "lanes", "Looking", "The lanes: ↑ ↓ choose, ⏎ looks into one", "lanes", "lanes"),
    Hotkey("J", "lane(1)", "Looking", "The next lane: its experiment in the panes", "", "lanes"),
    Hotkey("K", "lane(-1)", "Looking", "The lane before", "", "lanes"),
    Hotkey("w", "notebook", "Looking", "What the run has taught so far: the notebook"),
    Hotkey("b", "best", "Looking", "Jump to the best experiment", "best"),
    Hotkey("escape", "live", "Looking", "Back to what happens now"),
    Hotkey("d", "toggle_base", "Looking", "Diff against the parent, or the baseline", "diff"),
    Hotkey("slash", "filter", "Looking", "Filter the table: keep, crash, any word", "filter"),
    Hotkey("L", "arrange", "Looking", "The table below the panes, or beside them"),
    Hotkey("o", "order", "Looking", "Order the table, choose its columns"),
    Hotkey("z,plus", "enlarge", "Looking", "Enlarge the pane, or put it back", "enlarge"),
    Hotkey("m", "plot_mode", "Looking", "Another metric, or the front; of a table any column"),
    Hotkey("l", "plot_scale", "Looking", "Plot: log, linear, zoomed to what was kept"),
    Hotkey("X", "plot_across", "Looking", "Plot over experiments, hours or dollars"),
    Hotkey("v", "turn", "Looking", "Turn round which direction is better (a table)", "", "table"),
    Hotkey("f", "freeze", "Looking", "Freeze the view; the loop goes on"),
    Hotkey("y", "copy", "Looking", "Copy the experiment, to a file too"),
    *(
        Hotkey(str(number), f"pane({number})", "Moving", f"Pane {number}: {name}", moves=True)
        for number, name in enumerate(("hypothesis", "diff", "output", "plot", "results"), start=1)
    ),
    Hotkey("tab", "app.focus_next", "Moving", "The next pane", moves=True),
    Hotkey("n", "beside(1)", "Looking", "The next experiment", "next", on="experiment"),
    Hotkey("P", "beside(-1)", "Looking", "The experiment before", "before", on="experiment"),
    Hotkey(
        "d",
        "toggle_base",
        "Looking",
        "Diff against the parent, or the baseline",
        "diff against parent or baseline",
        on="experiment",
    ),
    Hotkey("tab", "app.focus_next", "Moving", "The next pane", "pane", on="experiment", moves=True),
    Hotkey("escape,enter,q", "close", "Looking", "Back to the run", "back", on="experiment"),
    Hotkey("B", "ring", "The app", "Ring for a new best, the end, what needs you", "", "run"),
    Hotkey("t", "theme", "The app", "Dark, light, or the terminal's colours", on="app"),
    Hotkey("question_mark,f1", "help", "The app", "Show every key", "help", on="app"),
    Hotkey("ctrl+p", "command_palette", "The app", "Find any of this by name", on="app"),
    Hotkey("ctrl+l", "redraw", "The app", "Draw everything again", on="app", moves=True),
    Hotkey("ctrl+z", "suspend_process", "The app", "To the shell; `fg` comes back", on="app"),
    Hotkey("q,ctrl+c,ctrl+q", "leave", "The app", "Leave; the run goes on", "leave", on="app"),
)

MOVES_IN_A_PANE = (
    ("↑ ↓  j k", "A line"),
    ("PgUp PgDn", "A page"),
    ("g  G", "The beginning, the end"),
    ("← →", "Sideways"),
)
"""Bindings of the panes themselves, for the help."""


_FIRST = frozenset({"ctrl+c", "ctrl+l", "ctrl+q", "g", "G", "home", "end"})
"""Asked before whatever has the focus: the way out, a redraw, and the ends of a replay."""


class Circumstances(NamedTuple):
    """What a run's screen shows, as far as it decides which keys mean something."""

    steering: bool
    """There is a loop to ask."""
    replaying: bool
    over: bool = False
    """The run has ended."""
    leads: bool = False
    """Whoever shows the screen does what may come after the end."""
    table: bool = False
    """Another program writes it."""
    lanes: bool = False
    """Several experiments run at once."""

    def has(self, need: Need) -> bool:
        match need:
            case "":
                return True
            case "run":
                return self.steering and not self.over
            case "over":
                return self.over and self.leads
            case "replay":
                return self.replaying
            case "table":
                return self.table
            case "lanes":
                return self.lanes


def run_keys(here: Circumstances) -> list[Hotkey]:
    """The keys that mean something on a run's screen, the app's among them; what may follow its
    end first.
    """
    found = [key for key in KEYS if key.on in {"run", "app"} and here.has(key.need)]
    return sorted(found, key=lambda key: key.need != "over")


def why_not(pressed: str, here: Circumstances) -> str:
    """Why a key of a run's screen does nothing; empty where it does something, or is none."""
    ours = [key for key in KEYS if key.on in {"run", "app"}]
    meant = [key for key in ours if pressed in key.keys.split(",")]
    if pressed in _FIRST:  # a pane knows it, too
        return ""
    if not meant or any(here.has(key.need) for key in meant):
        return ""
    need, words = meant[0].need, "this screen only watches: `autoexp attach` steers"
    if need == "table":
        words = "a run says itself which direction is better"
    elif need == "lanes":
        words = "there are no lanes: `parallel: 2` runs two experiments at once"
    elif need == "replay":
        words = "that moves a replay: `autoexp replay` shows one"
    elif here.replaying:
        words = "a replay has no loop to steer: `autoexp attach` shows the run itself"
    elif need == "over":
        words = "the run goes on: S ends it after this experiment"
        words = words if here.leads else "nothing is begun from this screen: `autoexp attach` may"
    elif here.over and here.steering:
        words = f"the run has ended: {'N' if here.leads else '`autoexp run`'} starts the next one"
    return words


def experiment_keys() -> list[Hotkey]:
    """The keys of an opened experiment, and what it leaves of the app's."""
    own = [key for key in KEYS if key.on == "experiment"]
    taken = {name for key in own for name in key.keys.split(",")}
    return own + [_without(key, taken) for key in KEYS if key.on == "app"]


def home_keys() -> list[Hotkey]:
    """The keys of the list of runs, and the app's."""
    return [key for key in KEYS if key.on in {"home", "app"}]


def _without(key: Hotkey, taken: set[str]) -> Hotkey:
    return replace(key, keys=",".join(name for name in key.keys.split(",") if name not in taken))


def bindings(on: KeyOwner) -> list[Binding]:
    """As Textual wants them; the way out works in a dialog and in a text field too."""
    return [
        Binding(name, key.action, key.help, show=False, priority=name in _FIRST)
        for key in KEYS
        if key.on == on
        for name in key.keys.split(",")
    ]


def actions_without_meaning(keys: Sequence[Hotkey]) -> set[str]:
    """Of a run's screen that has only `keys`: the names of the actions that do nothing there."""
    return {key.name for key in KEYS} - {key.name for key in keys}


def as_markdown() -> Iterator[str]:
    """The lines of the documentation's table: every key by its group."""
    for group in GROUPS:
        yield f"## {group}"
        yield ""
        yield "| key | what it does |"
        yield "|---|---|"
        for key in KEYS:
            if key.group == group:
                where = " (in an opened experiment)" if key.on == "experiment" else ""
                yield f"| {' '.join(f'`{name}`' for name in key.all_shown)} | {key.help}{where} |"
        if group == "Moving":
            yield from (f"| {keys} | {what} |" for keys, what in MOVES_IN_A_PANE)
        yield ""
