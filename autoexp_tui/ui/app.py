"""The app: five panes on one state. Records come in by the bridge, commands go out by `steer`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual import on, work
from textual.app import App, ComposeResult, SystemCommand
from textual.binding import BindingType
from textual.containers import Container
from textual.events import Resize
from textual.screen import Screen

from autoexp_tui.core import events
from autoexp_tui.core.control import Command, Reply, Verb
from autoexp_tui.core.events import Record
from autoexp_tui.core.problem import Problem
from autoexp_tui.core.proposal_log import ProposalReader
from autoexp_tui.core.rundir import RunDirectory
from autoexp_tui.core.state import RunState
from autoexp_tui.core.text import clean_line
from autoexp_tui.person import whoami
from autoexp_tui.player import Player
from autoexp_tui.sources import Source
from autoexp_tui.ui import status, themes
from autoexp_tui.ui.bridge import PERIOD, Arrived, Bridge, Broken
from autoexp_tui.ui.clipping import experiment_as_text
from autoexp_tui.ui.dialogs import Ask, Choice, Help
from autoexp_tui.ui.experiment import ExperimentScreen
from autoexp_tui.ui.keys import bindings, keys_for
from autoexp_tui.ui.panes import PANES, Name, PanesLayout, Shape, shape_of
from autoexp_tui.ui.subject import Base, Subject, Texts, subject_of
from autoexp_tui.ui.widgets.bars import AlertBar, KeyBar, Line, StatusLine, TabBar
from autoexp_tui.ui.widgets.diff import DiffPane
from autoexp_tui.ui.widgets.hypothesis import HypothesisPane
from autoexp_tui.ui.widgets.output import OutputPane
from autoexp_tui.ui.widgets.plot import MetricPlot, Mode
from autoexp_tui.ui.widgets.table import ResultsTable

Steer = Callable[[Command], Reply]

_ANSWER_SECONDS = 5.0
