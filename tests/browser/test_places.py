"""Where a window is, what it says for how long, and how people come in by an invitation."""

from __future__ import annotations

import re

from playwright.sync_api import Browser, expect

from tests.browser.conftest import GROUP
from tests.browser.test_accessible import serious_faults, width_of_all
from tests.support.programs.browser import PASSWORD, PHONE, Window
from tests.support.programs.processes import ClientProcess, TrackerProcess
from tests.support.programs.web import link_of


def test_reload_and_back_keep_the_place(of_eve: Window) -> None:
    page = of_eve.page
    of_eve.button(f"Files of {GROUP}").click()
    of_eve.row("a file.txt").wait_for()
    page.get_by_role("tabpanel").get_by_label("Search").fill("nothing like it")
    of_eve.text("No file matches.").wait_for()
    page.wait_for_url(re.compile(r"#tab=files&group=eves&filter=nothing\+like\+it$"))
    of_eve.complaints.clear()
    page.reload()
    of_eve.text("No file matches.").wait_for()
    of_eve.complaints.clear()  # the entry page's status is 401 until the token is sent
    expect(page.get_by_role("tabpanel").get_by_label("Search")).to_have_value("nothing like it")
    page.go_back()
    of_eve.text(f"Members of {GROUP}").wait_for()
    page.go_forward()
    of_eve.text("No file matches.").wait_for()


def test_reload_keeps_the_filter_of_transfers(of_eve: Window) -> None:
    of_eve.tab("Transfers")
    of_eve.page.get_by_role("button", name="Paused").click()
    of_eve.row("a file.txt").wait_for(state="detached")
    of_eve.page.wait_for_url(re.compile("#tab=transfers&.*state=paused"))
    of_eve.page.reload()
    pressed = of_eve.page.get_by_role("button", name="Paused", pressed=True)
    pressed.wait_for()
    of_eve.complaints.clear()  # the entry page's status is 401 until the token is sent
    of_eve.page.get_by_role("button", name="All").click()
    of_eve.row("a file.txt").wait_for()


def test_few_messages_are_shown_and_errors_go_upon_success(of_eve: Window) -> None:
    alerts = of_eve.page.get_by_role("alert").filter(visible=True)
    of_eve.fill("New group", GROUP)
    of_eve.button("Create").click()
    alerts.get_by_text("already exists; choose another name, or ask to join it").wait_for()
    for number in range(4):
        of_eve.fill("New group", f"group-{number}")
        of_eve.button("Create").click()
        of_eve.text(f"Created group group-{number}.").wait_for()
        expect(alerts.get_by_text("already exists")).to_have_count(0)
        assert alerts.count() <= 3


def test_an_invitation_is_used_in_german_on_a_phone(
    browser: Browser, of_eve: Window, bob: ClientProcess
) -> None:
    bob.run("logout")
    of_eve.button(f"Members of {GROUP}").click()
    of_eve.button("Invite").click()
    of_eve.button("Create invitation").click()
    text = of_eve.page.get_by_label("Text of the invitation")
    expect(text).to_have_value(re.compile("^mt1"))
    link = of_eve.page.get_by_label("Link", exact=True)
    expect(link).to_have_value(re.compile("/#join=mt1"))
    assert serious_faults(of_eve, "color-contrast") == []

    fragment = link.input_value().partition("#")[2]
    window = Window(browser, f"{link_of(bob)}#{fragment}", PHONE, "dark", "de-DE")
    window.text(f"Für die Gruppe {GROUP}").wait_for()
    assert serious_faults(window) == []
    assert width_of_all(window) <= PHONE["width"]
    assert window.page.evaluate("document.documentElement.lang") == "de"
    window.page.wait_for_url(re.compile("/$"))
    window.fill("Benutzer", "guest")
    window.fill("Passwort", PASSWORD)
    window.fill("Passwort wiederholen", "another one")
    window.button("Konto anlegen").click()
    window.text("verschieden").wait_for()
    window.fill("Passwort wiederholen", PASSWORD)
    window.button("Konto anlegen").click()
    window.text(f"Mitglieder von {GROUP}").wait_for()
    assert serious_faults(window) == []
    assert width_of_all(window) <= PHONE["width"]
    window.close()
    of_eve.button("Close").click()
    of_eve.row("guest").wait_for()


def test_requests_are_marked_on_both_sides(
    browser: Browser, of_eve: Window, bob: ClientProcess
) -> None:
    bob.run("logout")
    bob.run("create_user", "shy", PASSWORD)
    bob.ok("login", "shy", PASSWORD)
    window = Window(browser, link_of(bob), PHONE, "light")
    window.text("First steps").wait_for()
    window.button(f"Ask to join {GROUP}").click()
    window.page.get_by_text("requested", exact=True).wait_for()
    window.close()
    of_eve.row(GROUP).get_by_text("1 request", exact=True).wait_for()
    of_eve.button("Reject shy").click()
    of_eve.text("1 request").wait_for(state="detached")


def test_a_banner_shows_that_the_tracker_is_gone(of_eve: Window, tracker: TrackerProcess) -> None:
    banner = of_eve.page.get_by_role("alert").filter(has_text="No tracker can be reached")
    expect(banner).to_be_hidden()
    tracker.close()
    banner.first.wait_for()
    tracker.start()
    banner.first.wait_for(state="hidden")
