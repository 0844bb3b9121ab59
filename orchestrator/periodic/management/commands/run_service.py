"""`manage.py run_service NAME`: a service in the foreground, beside a server that runs or without one."""

from __future__ import annotations

import signal
import threading
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import close_old_connections
from django_celery_beat.models import PeriodicTask

from orchestrator.contract.services import UnknownServices, named_services
from orchestrator.contract.times import now
from orchestrator.periodic.registry import Service, UnknownService, find_service
from orchestrator.periodic.running import ServiceRun, run_service

LEAST_PAUSE_SECONDS = 1.0
HELD_PAUSE_SECONDS = 1.0  # before a service is asked for again that another process runs


class Command(BaseCommand):
    """Runs a service until it is told to stop.

    1. It takes the same lease as the services worker does, so the two take turns.
    2. After each round it prints what was done, and waits for the service's pace.
    3. SIGINT and SIGTERM let the round end, and then the command. A round that fails is told, and the next one comes.
    """

    help = "Run a service in the foreground."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name")
        parser.add_argument("--once", action="store_true", help="One round; the exit code is 1 if it fails.")

    def handle(self, *args: Any, **options: Any) -> None:
        service = _found(options["name"])
        stopped = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stopped.set())
        if options["once"]:
            done = self._round_when_free(service, stopped)
            if done is not None and done.error:
                raise CommandError(done.error)
            return
        every = _pace(service)
        self.stdout.write(f"{service.name} runs every {every:g} s. Ctrl-C ends it.")
        while not stopped.is_set():
            self._round(service)
            stopped.wait(every)

    def _round_when_free(self, service: Service, stopped: threading.Event) -> ServiceRun | None:
        while not stopped.is_set():
            done = self._round(service)
            if done is not None:
                return done
            stopped.wait(HELD_PAUSE_SECONDS)
        return None

    def _round(self, service: Service) -> ServiceRun | None:
        close_old_connections()
        done = run_service(service)
        if done is None:
            words = "another process runs it in this moment"
        elif done.error:
            words = f"failed: {done.error}"
        else:
            words = f"{done.count} rows in {done.duration_seconds:.3f} s"
        self.stdout.write(f"{now():%H:%M:%S} {service.name}: {words}")
        self.stdout.flush()
        return done


def _found(name: str) -> Service:
    try:
        [known] = named_services([name])
        return find_service(known)
    except (UnknownServices, UnknownService, ValueError) as error:
        raise CommandError(str(error) or "Name a service.") from None


def _pace(service: Service) -> float:
    """Of its row for beat, which an administrator may have changed."""
    row = PeriodicTask.objects.filter(task=service.task_name, interval__isnull=False).select_related("interval").first()
    seconds = row.interval.schedule.run_every.total_seconds() if row else service.every_seconds
    return max(LEAST_PAUSE_SECONDS, seconds)
