"""A page of another origin, open in the same browser, can neither read anything nor act."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.support.processes import ClientProcess
from tests.support.web import link_of

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


class _EvilPage(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(EVIL)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def evil_site() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _EvilPage) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.fixture
def context(browser: Browser, eve: ClientProcess) -> Iterator[BrowserContext]:
    """A browser that has the page open, and so whatever proves that it may."""
    context = browser.new_context()
    context.set_default_timeout(20_000)
    page = context.new_page()
    page.goto(link_of(eve))
    page.get_by_role("button", name="Log out").wait_for()
    yield context
    context.close()


def test_nothing_is_read_and_nothing_done(
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


def test_without_the_link_there_is_no_page(browser: Browser, eve: ClientProcess) -> None:
    context = browser.new_context()
    page = context.new_page()
    site = link_of(eve).split("?")[0]
    answer = page.goto(site)
    assert answer is not None
    assert answer.status in (401, 403)
    assert "eves" not in page.content()
    context.close()
