"""The shell at a terminal: a prompt that completes, remembers, and shows what goes on."""

from __future__ import annotations

import asyncio
import getpass
import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING

from prompt_toolkit import PromptSession
from prompt_toolkit.application import run_in_terminal
from prompt_toolkit.completion import ThreadedCompleter
from prompt_toolkit.input import Input
from prompt_toolkit.output import Output as TerminalOutput
from prompt_toolkit.output import create_output
from prompt_toolkit.styles import Style

from client.engine.status import Notice, Overview
from client.shell.completer import CommandCompleter
from client.shell.downloads import RUNNING
from client.shell.history import PrivateHistory
from client.shell.names import SessionNames
from client.shell.output import Output
from client.shell.progress import Progress
from client.shell.registry import COMMANDS
from client.shell.runner import Runner
from client.shell.screen import Screen
from client.shell.signals import Interrupts, Stopped
from client.shell.toolbar import prompt_text, toolbar_lines
from client.shell.units import count

if TYPE_CHECKING:
    from client.engine.session import Session

_REFRESH = 0.5
"""Seconds between two looks at the session while somebody types."""

_STYLE = Style.from_dict({"prompt": "bold", "bottom-toolbar": "reverse"})
