"""Which messages a window shows at once, and until when."""

from __future__ import annotations

from client.web.page.toast_list import MOST_KEPT, Toast, ToastList


def shown(messages: ToastList) -> list[str]:
    return [toast.text for toast in messages.shown]


def filled(*toasts: Toast) -> ToastList:
    messages = ToastList()
    for toast in toasts:
        messages.add(toast)
    return messages


def test_three_are_shown_and_the_others_counted() -> None:
    messages = filled(*(Toast(f"message {number}", 10.0) for number in range(7)))
    assert shown(messages) == ["message 4", "message 5", "message 6"]
    assert messages.more == 4
    messages.add(Toast("", 10.0, count=100))
    assert len(messages.shown) == 3
    assert messages.more == 104


def test_errors_come_before_other_messages() -> None:
    error = Toast("wrong", 10.0, is_error=True)
    messages = filled(error, *(Toast(f"message {number}", 10.0) for number in range(4)))
    assert shown(messages) == ["wrong", "message 2", "message 3"]
    assert messages.more == 2


def test_an_error_goes_when_its_topic_succeeds() -> None:
    messages = filled(
        Toast("no such path", 10.0, is_error=True, topic="upload_file"),
        Toast("not a rate", 10.0, is_error=True, topic="limit"),
        Toast("hello", 10.0),
    )
    messages.succeed("upload_file")
    assert shown(messages) == ["not a rate", "hello"]


def test_the_last_error_on_a_topic_replaces_earlier_ones() -> None:
    messages = filled(
        Toast("no such path", 10.0, is_error=True, topic="upload_file"),
        Toast("access is denied", 10.0, is_error=True, topic="upload_file"),
        Toast("first without topic", 10.0, is_error=True),
        Toast("second without topic", 10.0, is_error=True),
    )
    assert shown(messages) == ["access is denied", "first without topic", "second without topic"]


def test_the_same_text_is_shown_once_and_as_long_as_the_last() -> None:
    messages = filled(Toast("hello", 10.0), Toast("hello", 12.0))
    messages.expire(11.0)
    assert shown(messages) == ["hello"]
    messages.expire(12.0)
    assert messages.is_empty


def test_without_an_end_it_stays_until_it_is_closed() -> None:
    messages = filled(stays := Toast("internal", None))
    messages.expire(1e9)
    assert shown(messages) == ["internal"]
    messages.close(stays)
    assert messages.is_empty
    assert messages.more == 0


def test_unfolding_leaves_what_is_shown() -> None:
    messages = filled(*(Toast(f"message {number}", 10.0) for number in range(5)))
    messages.fold()
    assert shown(messages) == ["message 2", "message 3", "message 4"]
    assert messages.more == 0


def test_few_are_kept() -> None:
    messages = filled(*(Toast(f"message {number}", None) for number in range(MOST_KEPT + 10)))
    assert messages.more == MOST_KEPT - 3
