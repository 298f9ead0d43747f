"""Words that the page shows and that its own code doesn't contain, for the catalogues."""

from __future__ import annotations

from typing import Final

from client.web.page.translation import N_

STATES: Final = (
    N_("queued"),
    N_("checking"),
    N_("downloading"),
    N_("seeding"),
    N_("paused"),
    N_("failed"),
)
TRACKER_STATES: Final = (N_("connected"), N_("connecting"), N_("unreachable"), N_("offline"))
ROLES: Final = (N_("owner"), N_("admin"), N_("member"))
ROLES_GIVEN: Final = (N_("the owner"), N_("an admin"), N_("a member"))
MODES: Final = (N_("sealed"), N_("open"))
NOTICES: Final = (
    N_("Warning"),
    N_("Tracker"),
    N_("While you were away"),
    N_("Download complete"),
    N_("Download failed"),
    N_("Download paused"),
    N_("Sharing stopped"),
    N_("Join request"),
    N_("Request accepted"),
    N_("Request rejected"),
    N_("Removed"),
    N_("Member left"),
    N_("Certificate void"),
    N_("Role changed"),
    N_("Invitation used"),
    N_("New file"),
    N_("File removed"),
    N_("Downloaded from you"),
    N_("Notice"),
)
"""The headings of notices (see client.core.notices.notice_kinds)."""
