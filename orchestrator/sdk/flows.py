"""`@flow`: a function whose calls are runs."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, overload

from orchestrator.sdk.checks import bound_method, checked_function, checked_retries, checked_timeout, is_async
from orchestrator.sdk.conversation import drive, drive_async
from orchestrator.sdk.hooks import checked_hooks
from orchestrator.sdk.loadable import Loadable
from orchestrator.sdk.parameters import Binder
from orchestrator.sdk.retries import checked_single_delay
from orchestrator.sdk.runners import ThreadPoolTaskRunner
from orchestrator.sdk.tasks import _docstring, _task_key

if TYPE_CHECKING:
    from orchestrator.sdk.deploying import FlowDeployment
    from orchestrator.sdk.run_names import RunName
    from orchestrator.sdk.sources import FlowSource

P = ParamSpec("P")
R = TypeVar("R")


class Flow(Loadable, Generic[P, R]):
    """A flow. Calling it runs it, inside another flow as a subflow; made by `@flow`.

    `timeout_seconds` None is no limit. `retries` counts the tries after the first, `retry_delay_seconds` is the pause
    before each. `log_prints` makes what the flow and its tasks print part of the log. The functions of
    `on_cancellation` are called with the flow, the run and its state when it was cancelled, also where its process had
    to be killed.
    """

    def __init__(
        self,
        fn: Callable[P, R],
        *,
        name: str | None = None,
        description: str | None = None,
        tags: Iterable[str] | None = None,
        version: str | None = None,
        flow_run_name: RunName = None,
        retries: int = 0,
        retry_delay_seconds: float | None = None,
        timeout_seconds: float | None = None,
        log_prints: bool = False,
        task_runner: ThreadPoolTaskRunner | None = None,
        on_cancellation: Iterable[Callable[..., Any]] | None = None,
    ) -> None:
        self.fn = checked_function(fn, kind="flow")
        self._options: dict[str, Any] = {
            "name": name,
            "description": description,
            "tags": tags,
            "version": version,
            "flow_run_name": flow_run_name,
            "retries": retries,
            "retry_delay_seconds": retry_delay_seconds,
            "timeout_seconds": timeout_seconds,
            "log_prints": log_prints,
            "task_runner": task_runner,
            "on_cancellation": on_cancellation,
        }
        self.name = name or getattr(fn, "__name__", type(fn).__name__).replace("_", "-")
        self.description = description if description is not None else _docstring(fn)
        self.tags = frozenset(tags or ())
        self.version = version
        self.flow_run_name = flow_run_name
        self.retries = checked_retries(retries)
        self.retry_delay = checked_single_delay(retry_delay_seconds)
        self.timeout_seconds = checked_timeout(timeout_seconds)
        self.log_prints = bool(log_prints)
        self.on_cancellation = checked_hooks(on_cancellation, option="on_cancellation")
        self.task_runner = task_runner or ThreadPoolTaskRunner()
        self.is_async = is_async(fn)
        self.source: FlowSource | None = None  # where workers get the code, if it was got from there; see from_source
        self.task_key = _task_key(fn)
        self.binder = Binder(fn, kind="flow", name=self.name)
        functools.update_wrapper(self, fn)

    def __repr__(self) -> str:
        return f"<Flow {self.name!r}>"

    def __get__(self, instance: Any, owner: type | None = None) -> Flow[..., R]:
        """A flow defined in a class takes its instance, as a method does."""
        if instance is None:
            return self
        return type(self)(bound_method(self.fn, instance), **{**self._options, "name": self.name})

    def __call__(self, *args: Any, wait_for: Any = None, return_state: bool = False, **kwargs: Any) -> Any:
        """Run the flow here: its result, or with `return_state` its final state. An async flow gives an awaitable.

        Raises what ended the run: the function's exception, or that of a state or future it returned.
        """
        from orchestrator.sdk.client import current_client
        from orchestrator.sdk.context import current_flow_run
        from orchestrator.sdk.flow_runs import FlowRun, converse

        parameters = self.binder.bind(args, kwargs)
        parent = current_flow_run.get()
        client = parent.client if parent is not None else current_client()
        run = FlowRun(self, parameters, client=client, wait_for=wait_for)
        if self.is_async:
            return self._call_async(run, return_state=return_state)
        state = drive(converse(run))
        return state if return_state else state.result()

    def with_options(self, **options: Any) -> Flow[P, R]:
        """A copy with other options; those not given stay as they are."""
        unknown = set(options) - set(self._options)
        if unknown:
            raise TypeError(f"A flow has no option {', '.join(sorted(map(repr, unknown)))}")
        changed = type(self)(self.fn, **{**self._options, **options})
        changed.source = self.source
        return changed

    @staticmethod
    def from_source(source: Any, entrypoint: str) -> Flow[Any, Any]:
        """A flow out of git, an archive or a storage, for `deploy`. See `sources.from_source`."""
        from orchestrator.sdk.sources import from_source

        return from_source(source, entrypoint)

    def _with_source(self, options: dict[str, Any]) -> dict[str, Any]:
        return options if self.source is None else self.source.options(options)

    def deploy(self, name: str, **options: Any) -> str:
        """Let workers run the flow as `<flow name>/<name>`; returns the deployment's id. See `deploy_flow`."""
        from orchestrator.sdk.deploying import deploy_flow

        return deploy_flow(self, name, **self._with_source(options))

    def to_deployment(self, name: str, **options: Any) -> FlowDeployment:
        """Describe a deployment without making it, for `serve(…)`. See `deploying.to_deployment`."""
        from orchestrator.sdk.deploying import to_deployment

        return to_deployment(self, name, **self._with_source(options))

    def serve(self, name: str | None = None, **options: Any) -> None:
        """Make a deployment and execute its runs from this process, until it is told to end. See `serving.serve`.

        `name` None takes the flow's own. `limit`, `pause_on_shutdown`, `drain_seconds` and
        `print_starting_message` are those of `serve`; the other options are those of a deployment.
        """
        from orchestrator.sdk.serving import serve_flow

        serve_flow(self, name, **options)

    async def _call_async(self, run: Any, *, return_state: bool) -> Any:
        from orchestrator.sdk.flow_runs import converse

        state = await drive_async(converse(run))
        return state if return_state else state.result()


@overload
def flow(fn: Callable[P, R], /) -> Flow[P, R]: ...


@overload
def flow(**options: Any) -> Callable[[Callable[P, R]], Flow[P, R]]: ...


def flow(fn: Any = None, /, **options: Any) -> Any:
    """Make a function a flow: `@flow`, or `@flow(log_prints=True, …)` with the options of Flow."""
    if fn is None:
        return lambda function: Flow(function, **options)
    return Flow(fn, **options)


flow.from_source = Flow.from_source  # type: ignore[attr-defined]
