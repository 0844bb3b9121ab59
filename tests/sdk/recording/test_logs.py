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


def test_gives_authors_loggers_of_their_own(monkeypatch, capsys):
    monkeypatch.setattr(logging.getLogger("orchestrator"), "handlers", [])

    logger = logs.get_logger("etl")
    logger.warning("slow today")

    assert logger.name == "orchestrator.etl"
    assert logs.get_logger("orchestrator.etl") is logger
    assert logs.get_logger() is logging.getLogger("orchestrator")
    assert "WARNING | slow today" in capsys.readouterr().err
