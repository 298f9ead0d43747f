"""A home's router, in the network of the calling thread: NAT, firewall, and real UPnP."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from ipaddress import IPv4Network
from pathlib import Path
from typing import Final

from tests.support.waiting import wait_until

_START_TIME: Final = 20.0  # seconds


class Nat(Enum):
    """How a router chooses the port that others see."""

    KEEPING = "masquerade"
    """The host's own, as long as it is free: what most home routers do."""
    RANDOM = "masquerade fully-random"
    """Another for each connection, as carrier-grade NAT may."""


_RULES: Final = """
table inet home {{
  chain forward {{
    type filter hook forward priority 0; policy drop;
    iifname {lan} accept
    ct state established,related accept
    jump miniupnpd
  }}
  chain input {{
    type filter hook input priority 0; policy drop;
    iifname {{ lo, {lan} }} accept
    ct state established,related accept
  }}
  chain prerouting {{
    type nat hook prerouting priority -100;
    iifname {wan} jump prerouting_miniupnpd
  }}
  chain postrouting {{
    type nat hook postrouting priority 100;
    oifname {wan} jump postrouting_miniupnpd
    oifname {wan} {nat}
  }}
  chain miniupnpd {{ }}
  chain prerouting_miniupnpd {{ }}
  chain postrouting_miniupnpd {{ }}
}}
"""

_SETTINGS: Final = """
ext_ifname={wan}
listening_ip={lan}
http_port=0
enable_upnp=yes
enable_natpmp={pmp}
secure_mode=yes
system_uptime=yes
uuid=4e449eac-2f3b-43d9-874c-1bdc5dc26e5d
upnp_table_name=home
upnp_nat_table_name=home
allow 1024-65535 {inside} 1024-65535
deny 0-65535 0.0.0.0/0 0-65535
"""


def configure(nat: Nat, lan: str, wan: str) -> None:
    """Let hosts behind the device `lan` out through `wan`, and answers in, and nothing else."""
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
    rules = _RULES.format(nat=nat.value, lan=lan, wan=wan)
    subprocess.run(["nft", "-f", "-"], input=rules.encode(), check=True, timeout=20)


@contextmanager
def port_mapping(
    folder: Path, lan: str, wan: str, inside: IPv4Network, *, only_upnp: bool
) -> Iterator[None]:
    """Answer UPnP, and unless `only_upnp` NAT-PMP and PCP, with miniupnpd in the block."""
    settings, log = folder / "miniupnpd.conf", folder / "miniupnpd.log"
    settings.write_text(
        _SETTINGS.format(lan=lan, wan=wan, inside=inside, pmp="no" if only_upnp else "yes")
    )
    command = ["setpriv", "--pdeathsig", "KILL", "miniupnpd", "-d", "-f", str(settings)]
    command += ["-P", str(folder / "miniupnpd.pid")]
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output) as it:
        try:
            wait_until(lambda: _is_ready(log, it), _START_TIME, "miniupnpd")
            yield
        finally:
            it.terminate()
            try:
                it.wait(5)
            except subprocess.TimeoutExpired:
                it.kill()


def mapped_ports() -> set[int]:
    """Return the ports that the router in the calling thread's network passes on."""
    listed = subprocess.run(
        ["nft", "list", "chain", "inet", "home", "prerouting_miniupnpd"],
        capture_output=True,
        text=True,
        check=True,
        timeout=20,
    ).stdout
    return {int(port) for port in re.findall(r"dport (\d+)", listed)}


def _is_ready(log: Path, process: subprocess.Popen[bytes]) -> bool:
    said = log.read_text("utf-8", "replace")
    assert process.poll() is None, said
    return "HTTP listening on port" in said
