"""The handlers of the run logs."""

import logging

from orchestrator.sdk.recording import logs


def test_sets_its_handlers_once():
    logs.configure()
    handlers = list(logging.getLogger("orchestrator").handlers)

    logs.configure()

    assert logging.getLogger("orchestrator").handlers == handlers


def test_sets_its_handlers_again_when_something_put_logging_back(monkeypatch):
    monkeypatch.setattr(logging.getLogger("orchestrator"), "handlers", [])

    logs.configure()

    assert {type(each) for each in logging.getLogger("orchestrator").handlers} == {
        logs.ConsoleHandler,
        logs.ServerHandler,
    }
