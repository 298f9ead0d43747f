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
ROLES: Final = (N_("owner"), N_("admin"), N_("uploader"), N_("member"), N_("reader"))
ROLES_GIVEN: Final = (
    N_("the owner"),
    N_("an admin"),
    N_("an uploader"),
    N_("a member"),
    N_("a reader"),
)
ROUTES: Final = (N_("direct"), N_("mapped"), N_("called"), N_("punched"), N_("relayed"))
"""How peers are reached (see client.core.admission.route)."""

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

ACTIVITIES: Final = (
    N_("join requested"),
    N_("request accepted"),
    N_("request rejected"),
    N_("request decided"),
    N_("member removed"),
    N_("member left"),
    N_("certificates revoked"),
    N_("role changed"),
    N_("invite used"),
    N_("file added"),
    N_("file removed"),
    N_("file completed"),
    N_("account created"),
    N_("login"),
    N_("login failed"),
    N_("logout"),
    N_("password changed"),
    N_("session ended"),
    N_("token created"),
    N_("token renewed"),
    N_("token revoked"),
    N_("invite refused"),
    N_("group created"),
    N_("certificate issued"),
    N_("file stopped"),
    N_("invite created"),
    N_("invite revoked"),
    N_("upload limited"),
    N_("upload opened"),
    N_("account blocked"),
    N_("account unblocked"),
    N_("account deleted"),
    N_("password reset"),
    N_("quota changed"),
    N_("member blocked"),
    N_("member deleted"),
    N_("group deleted"),
    N_("member promoted"),
    N_("member demoted"),
    N_("uploader made"),
    N_("reader made"),
    N_("group transferred"),
    N_("group inherited"),
)
"""What the audit trail records (see common.api.events.EventKind)."""
