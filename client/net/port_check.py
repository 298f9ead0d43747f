"""Whether others can reach the port at which this client accepts peers."""

from __future__ import annotations

from client.net.tracker_link import TrackerLink
from common.api.presence import CHECK_PORT, CheckPort, CheckPortReply


def check_port(link: TrackerLink, port: int) -> CheckPortReply:
    """Have the tracker dial our port; takes it some seconds when that doesn't answer.

    Raises MinitorrentError when no tracker can be asked, and usage when it is too old for that.
    """
    return link.call(CHECK_PORT, CheckPort(port=port))
