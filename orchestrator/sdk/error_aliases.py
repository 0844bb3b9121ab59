"""What the SDK raises, under the names that scripts written for Prefect catch.

Each is one of the classes of `orchestrator.sdk.errors` itself: `except UpstreamTaskError` catches UpstreamFailed. Names
that are the same in both (FailedRun, ParameterTypeError, FlowPauseTimeout, …) need nothing here.
"""

from __future__ import annotations

from orchestrator.sdk import errors

PrefectException = errors.OrchestratorError
PrefectHTTPStatusError = errors.ApiError
MissingContextError = errors.MissingContext
UpstreamTaskError = errors.UpstreamFailed
NotPausedError = errors.NotPausedFlowRun
FlowRunWaitTimeout = errors.WaitTimeout
SignatureMismatchError = errors.ParameterBindError
ReservedArgumentError = errors.ReservedParameter
SerializationError = errors.ResultNotSerializable
HashError = errors.UnhashableValue
MissingFlowError = errors.FlowNotFound
MissingProfileError = errors.ProfileError
