"""A page of another origin, open in the same browser, can neither read anything nor act."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext

from client.control.running_client import RunningClient
from common.types import Endpoint
from tests.support.ports import free_port
from tests.support.programs.processes import ClientProcess
from tests.support.programs.web import link_of, token_of
from tests.support.waiting import wait_until

EVIL = b"<!doctype html><title>evil</title><body>evil</body>"

ATTACK = """async (site) => {
  const read = async (path, options) => {
    try {
      const answer = await fetch(site + path, {credentials: 'include', ...options});
      return answer.type === 'opaque' ? '' : await answer.text();
    } catch (error) { return ''; }
  };
  const said = [];
  for (const mode of ['cors', 'no-cors']) {
    said.push(await read('/', {mode}));
    said.push(await read('/api/v1/whoami', {mode}));
    said.push(await read('/api/v1/create_group', {
      mode, method: 'POST', headers: {'Content-Type': 'text/plain'}, body: '{"group": "evil"}'}));
  }
  said.push(await read('/api/v1/create_group', {
    method: 'POST', headers: {'Content-Type': 'application/json'}, body: '{"group": "evil"}'}));
  const socket = new WebSocket(
    site.replace('http', 'ws') + '/_nicegui_ws/socket.io/?EIO=4&transport=websocket');
  said.push(await new Promise((done) => {
    socket.onmessage = (event) => done('websocket: ' + event.data);
    socket.onerror = () => done('');
  }));
  const frame = document.createElement('iframe');
  frame.src = site + '/';
  document.body.append(frame);
  await new Promise((done) => { frame.onload = done; setTimeout(done, 2000); });
  try { said.push(frame.contentDocument ? '' : ''); } catch (error) { said.push(''); }
  return said.filter(Boolean);
}"""

FORM = """(site) => {
  const form = document.createElement('form');
  form.method = 'POST';
  form.enctype = 'text/plain';
  form.action = site + '/api/v1/create_group';
  const field = document.createElement('input');
  field.name = '{"group": "evil", "x": "';
  field.value = '"}';
  form.append(field);
  document.body.append(form);
  form.submit();
}"""


RECEIVED: list[str] = []
"""The requests that browsers sent to the evil site."""


class _EvilPage(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        RECEIVED.append(f"{self.path}\n{self.headers}")
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(EVIL)

    def log_message(self, *args: object) -> None:
        pass


@contextmanager
def evil_server(port: int = 0) -> Iterator[str]:
    """Another user's server on this machine."""
    RECEIVED.clear()
    with ThreadingHTTPServer(("127.0.0.1", port), _EvilPage) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.fixture
def evil_site() -> Iterator[str]:
    with evil_server() as site:
        yield site


@pytest.fixture
def context(browser: Browser, eve: ClientProcess) -> Iterator[BrowserContext]:
    """A browser that has the page open, as the command `open` opens it, and so its token."""
    context = browser.new_context()
    context.set_default_timeout(20_000)
    page = context.new_page()
    running = RunningClient.on(eve.folder / "state")
    assert running is not None
    with running:
        link = running.open_page().opening_link
    assert token_of(eve) not in link
    page.goto(link)
    page.get_by_role("button", name="Log out").wait_for()
    yield context
    context.close()


def test_another_origin_can_neither_read_nor_act(
    context: BrowserContext, eve: ClientProcess, evil_site: str
) -> None:
    site = link_of(eve).split("/?")[0].rstrip("/")
    evil = context.new_page()
    frames: list[str] = []
    evil.goto(evil_site)
    assert evil.evaluate(ATTACK, site) == []
    frames = [frame.content() for frame in evil.frames if frame.url.startswith(site)]
    assert not any("eves" in content or "nicegui" in content for content in frames)
    evil.evaluate(FORM, site)
    evil.wait_for_load_state()
    assert "evil" not in {row["group"] for row in eve.ok("list_groups")["groups"]}


def test_a_server_at_another_port_receives_no_secret(
    context: BrowserContext, eve: ClientProcess, evil_site: str
) -> None:
    """Browsers would send it cookies, which belong to a host, whatever the port."""
    evil = context.new_page()
    for site in (evil_site, evil_site.replace("127.0.0.1", "localhost")):
        evil.goto(site)
    assert len(RECEIVED) >= 2
    assert token_of(eve) not in "".join(RECEIVED)
    assert "cookie" not in "".join(RECEIVED).lower()
    assert context.cookies() == []
    assert evil.evaluate("localStorage.length") == 0


def test_a_tab_reopens_without_the_link(context: BrowserContext, eve: ClientProcess) -> None:
    """The address in its bar holds no secret; the browser keeps the token for this origin."""
    [page] = context.pages
    assert "token" not in page.url
    page.reload()
    page.get_by_role("button", name="Log out").wait_for()
    manual = context.new_page()
    manual.goto(link_of(eve).partition("?")[0] + "api/v1/docs")
    manual.get_by_text("upload_file").first.wait_for()


def test_an_old_tab_does_not_leak_the_link_to_the_next_owner_of_the_port(
    browser: Browser, tmp_path: Path
) -> None:
    trackers = [Endpoint("127.0.0.1", 1)]
    port = free_port()
    web = ("--web", f"127.0.0.1:{port}")
    with ClientProcess(tmp_path, trackers, *web) as client:
        token = token_of(client)
        context = browser.new_context()
        page = context.new_page()
        page.goto(link_of(client))
        page.get_by_role("button", name="Log in").wait_for()
    page.get_by_text("start it again").wait_for()
    with evil_server(port):
        wait_until(lambda: RECEIVED, 30, "the tab's attempt to go on")
        assert token not in "".join(RECEIVED)
    with ClientProcess(tmp_path, trackers, *web) as client:
        assert link_of(client).endswith(token)
        page.reload()
        page.get_by_role("button", name="Log in").wait_for()
    with ClientProcess(tmp_path, trackers, *web, "--web-renew") as client:
        assert not link_of(client).endswith(token)
        page.reload()
        page.get_by_text("This link is no longer valid").wait_for()
        page.goto(link_of(client))
        page.get_by_role("button", name="Log in").wait_for()
    context.close()


def test_without_the_link_there_is_no_page(browser: Browser, eve: ClientProcess) -> None:
    context = browser.new_context()
    page = context.new_page()
    for path in ("", "?token=guessed"):
        answer = page.goto(link_of(eve).split("?")[0] + path)
        assert answer is not None
        assert answer.status == 401
        page.get_by_text("the client printed").wait_for()
        assert "eves" not in page.content()
    context.close()
