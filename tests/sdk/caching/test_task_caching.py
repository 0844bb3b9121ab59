from __future__ import annotations

import asyncio
import gc
import threading
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from weakref import WeakSet

import pytest

from orchestrator import (
    DEFAULT,
    FLOW_PARAMETERS,
    INPUTS,
    NO_CACHE,
    NONE,
    RUN_ID,
    TASK_SOURCE,
    CachePolicy,
    MemoryLockManager,
    MissingResult,
    TransactionError,
    flow,
    task,
    task_input_hash,
    transaction,
)
from orchestrator.contract.times import now
from orchestrator.sdk.outcomes.states import MISSING
from tests.waiting import eventually


@pytest.fixture(autouse=True)
def storage(monkeypatch, tmp_path) -> Path:
    monkeypatch.setenv("ORCHESTRATOR_LOCAL_STORAGE_PATH", str(tmp_path / "results"))
    return tmp_path / "results"


@pytest.fixture
def calls():
    return []


def doubling(calls, **options):
    @task(**options)
    def double(x, debug=False):
        calls.append(x)
        return x * 2

    return double


def test_is_not_executed_again_for_the_same_inputs(api, calls):
    double = doubling(calls, cache_policy=INPUTS)

    @flow
    def main(x):
        return double(x)

    assert (main(2), main(2), main(3)) == (4, 4, 6)
    assert calls == [2, 3]
    executed = ["Pending", "Running", "Completed"]
    assert api.task_states("double") == [*executed, "Pending", "Cached", *executed]


def test_tells_where_its_result_is(api, storage):
    @flow
    def main():
        return doubling([], cache_policy=INPUTS, result_serializer="json")(2)

    main()

    told = api.last_event("double")["payload"]
    assert told["validated_state"]["data"]["storage_key"].startswith(str(storage))
    assert told["validated_state"]["data"]["serializer"] == {"type": "json"}
    assert told["task_run"]["cache_key"] == Path(told["validated_state"]["data"]["storage_key"]).name


# policy -> the calls (x, debug) of two runs of a flow that are executed
POLICIES = [
    (INPUTS, [1, 1, 2]),  # (1, False), (1, True), (2, False); nothing in the second run
    (INPUTS - "debug", [1, 2]),
    (RUN_ID, [1, 1]),  # one for each run
    (INPUTS + RUN_ID, [1, 1, 2, 1, 1, 2]),
    (INPUTS + RUN_ID - "debug", [1, 2, 1, 2]),
    (DEFAULT, [1, 1, 2, 1, 1, 2]),
    (TASK_SOURCE, [1]),
    (FLOW_PARAMETERS, [1, 1]),  # the flow's parameters differ
    (NO_CACHE, [1, 1, 2, 1, 1, 2]),
    (NONE + INPUTS, [1, 1, 2]),
    (CachePolicy.from_cache_key_fn(lambda context, parameters: f"x{parameters['x']}"), [1, 2]),
]


@pytest.mark.parametrize(("policy", "executed"), POLICIES)
def test_is_cached_as_its_policy_says(calls, policy, executed):
    double = doubling(calls, cache_policy=policy)

    @flow
    def main(number):
        return double(1), double(1, debug=True), double(2)

    main(1)
    main(2)

    assert calls == executed


@pytest.mark.parametrize(
    ("policy", "results"),
    [(INPUTS, (2, 2)), (INPUTS + RUN_ID, (2, 2)), (INPUTS + TASK_SOURCE, (2, 3)), (DEFAULT, (2, 3))],
)
def test_takes_the_result_of_another_task_unless_its_policy_knows_the_task(policy, results):
    @task(cache_policy=policy)
    def double(x):
        return x * 2

    @task(cache_policy=policy)
    def triple(x):
        return x * 3

    @flow
    def main(number):
        return double(number), triple(number)

    assert main(1) == results


def test_goes_by_its_function_where_a_policy_is_given_too(calls):
    with pytest.warns(UserWarning, match="cache_policy is passed over"):
        double = doubling(calls, cache_policy=INPUTS, cache_key_fn=lambda context, parameters: "one key")

    assert [double(1), double(2)] == [2, 2]
    assert calls == [1]


def test_is_cached_by_a_function_of_the_author(calls):
    seen = []

    def key(context, parameters):
        seen.append((context.task.name, context.task_run.name, parameters))
        return None if parameters["debug"] else f"double/{parameters['x']}"

    double = doubling(calls, cache_key_fn=key, task_run_name="run of {x}")

    double(1), double(1), double(1, debug=True), double(1, debug=True)

    assert calls == [1, 1, 1]
    assert seen[0] == ("double", "run of 1", {"x": 1, "debug": False})


@pytest.mark.parametrize("expiration", [{"cache_expiration": timedelta(hours=1)}, {"cache_expiration_seconds": 3600}])
def test_is_cached_until_it_expires(api, calls, expiration, monkeypatch):
    double = doubling(calls, cache_key_fn=task_input_hash, **expiration)

    @flow
    def main():
        double(1), double(1)
        later = now() + timedelta(hours=2)
        monkeypatch.setattr("orchestrator.sdk.results.records.now", lambda: later)
        double(1)

    main()

    assert calls == [1, 1]
    assert api.last_event("double")["payload"]["task_run"]["cache_expiration"]


def test_is_executed_again_where_the_cache_is_refreshed(calls):
    double = doubling(calls, cache_policy=INPUTS)

    double(1), double.with_options(refresh_cache=True)(1), double(1)

    assert calls == [1, 1]


def test_lies_where_its_key_says(storage, calls):
    double = doubling(calls, result_storage_key="doubles/{parameters[x]}-{flow_run.flow_name}.json")

    @flow(name="named")
    def main():
        return double(1), double(1)

    assert main() == (2, 2)
    assert (storage / "doubles" / "1-named.json").is_file()
    assert calls == [1]


def test_uses_its_own_storage(tmp_path, calls):
    double = doubling(calls, result_storage=tmp_path / "own", cache_policy=INPUTS)

    double(1)

    assert len(list((tmp_path / "own").iterdir())) == 1


def test_keeps_keys_apart_where_asked(tmp_path, storage, calls):
    double = doubling(calls, cache_policy=INPUTS.configure(key_storage=tmp_path / "keys"))

    double(1), double(1)

    assert calls == [1]
    assert [file.name for file in (tmp_path / "keys").iterdir()] == [file.name for file in storage.iterdir()]


def test_does_not_store_what_nobody_asked_for(storage):
    doubling([])(1)

    assert not storage.exists()


def test_stores_what_the_settings_ask_for(storage, monkeypatch):
    monkeypatch.setenv("ORCHESTRATOR_RESULTS_PERSIST_BY_DEFAULT", "true")

    doubling([])(1)
    doubling([], persist_result=False)(1)

    assert len(list(storage.iterdir())) == 1


def test_reads_a_result_again_that_is_not_kept_in_memory(calls):
    state = doubling(calls, persist_result=True, cache_result_in_memory=False)(1, return_state=True)

    assert state.outcome is MISSING
    assert state.result() == 2


class Value:
    """Something that can be seen to be kept."""

    alive = WeakSet()

    def __new__(cls, *_):
        made = super().__new__(cls)
        cls.alive.add(made)  # also those that are read back
        return made

    def __init__(self, size):
        self.rows = [size]


def values_alive():
    gc.collect()
    return len(Value.alive)


@pytest.mark.parametrize("options", [{}, {"cache_policy": INPUTS}], ids=["anew", "found"])
def test_leaves_nothing_in_memory_of_a_result_that_is_not_kept_there(options):
    @task(persist_result=True, cache_result_in_memory=False, **options)
    def load(size):
        return [Value(size)]

    is_gone, attempts, futures = [], [], []

    @flow(retries=1)
    def main():
        futures.append(load.submit(1))
        rows = futures[-1].result()[0].rows
        is_gone.append(eventually(lambda: not values_alive()))
        attempts.append(rows)
        if len(attempts) == 1:
            raise LookupError
        return rows

    load(1)

    assert main() == [1]
    assert attempts == [[1], [1]]
    assert is_gone == [True, True]
    assert all(each._run.transaction._found is None for each in futures)


def test_keeps_a_result_in_memory_until_it_is_stored():
    @task(persist_result=True, cache_result_in_memory=False)
    def load():
        return [1]

    @flow
    def main():
        with transaction():
            return load(), load(return_state=True).result()

    assert main() == ([1], [1])


def test_completes_although_its_result_cannot_be_stored(api):
    @task(persist_result=True)
    def lock():
        return threading.Lock()

    @task(cache_policy=INPUTS)
    def locked(lock):
        return 1

    @flow
    def main():
        state = lock(return_state=True)
        assert state.is_completed()
        assert state.data is None
        return locked(state.result())

    assert main() == 1
    assert any("cannot be pickled" in message for message in api.messages())
    assert any("No cache key, so the task executes" in message for message in api.messages())


def test_is_executed_when_what_is_stored_cannot_be_read(storage, calls):
    double = doubling(calls, cache_policy=INPUTS)
    double(1)
    (file,) = storage.iterdir()
    file.write_bytes(file.read_bytes()[:-3] + b"xxx")

    assert double(1) == 2
    file.write_bytes(b"nonsense")
    assert double(1) == 2
    assert calls == [1, 1, 1]
    assert double(1) == 2
    assert calls == [1, 1, 1]


def test_executes_once_where_runs_are_isolated(calls):
    policy = INPUTS.configure(isolation_level="SERIALIZABLE", lock_manager=MemoryLockManager())
    double = doubling(calls, cache_policy=policy)

    @flow
    def main():
        return double.map([7] * 6).result()

    assert main() == [14] * 6
    assert calls == [7]


def test_frees_its_lock_when_it_fails():
    locks = MemoryLockManager()

    policy = CachePolicy.from_cache_key_fn(lambda context, parameters: "the key")

    @task(cache_policy=policy.configure(isolation_level="SERIALIZABLE", lock_manager=locks))
    def failing():
        assert locks.is_locked("the key")
        raise ValueError("no")

    assert failing(return_state=True).is_failed()
    assert not locks.is_locked("the key")


def test_waits_with_its_result_for_the_transaction_around(storage, calls):
    from orchestrator import transaction

    double = doubling(calls, cache_policy=INPUTS)

    with transaction():
        double(1)
        assert not storage.exists()
    with suppress(RuntimeError), transaction():
        double(2)
        raise RuntimeError("stop")

    assert len(list(storage.iterdir())) == 1


def test_tells_instances_apart():
    calls = []

    class Scale:
        def __init__(self, factor):
            self.factor = factor

        @task(cache_policy=INPUTS)
        def times(self, x):
            calls.append((self.factor, x))
            return self.factor * x

    assert (Scale(2).times(5), Scale(3).times(5), Scale(2).times(5)) == (10, 15, 10)
    assert calls == [(2, 5), (3, 5)]


def test_is_cached_when_it_is_async(calls):
    @task(cache_policy=INPUTS)
    async def double(x):
        calls.append(x)
        return x * 2

    @flow
    async def main():
        return await double(1), await double(1), double.submit(1).result()

    assert asyncio.run(main()) == (2, 2, 2)
    assert calls == [1]


def test_is_stored_where_the_flow_says(tmp_path, api):
    double = doubling([])

    @flow
    def main():
        return double(1)

    main.persist_result, main.result_storage = True, tmp_path / "flows"
    main()

    assert str(tmp_path / "flows") in api.last_event("double")["payload"]["validated_state"]["data"]["storage_key"]


def test_gives_its_stored_result_to_whoever_reads_the_state(api):
    @flow
    def main():
        return doubling([], persist_result=True)(4, return_state=True)

    state = main(return_state=True)
    wire = api.last_event("double")["payload"]["validated_state"]

    read = type(state).from_wire(wire)

    assert read.result() == 8
    with pytest.raises(MissingResult):
        type(state).from_wire({**wire, "data": None}).result()


WRONG = [
    ({"cache_policy": "INPUTS"}, TypeError, "use INPUTS"),
    ({"cache_key_fn": "key"}, TypeError, "a function"),
    ({"cache_expiration": timedelta(0)}, ValueError, "above 0"),
    ({"cache_expiration": "1 hour"}, ValueError, "above 0"),
    ({"cache_expiration": 1, "cache_expiration_seconds": 1}, ValueError, "both given"),
    ({"persist_result": "yes"}, TypeError, "True, False or None"),
    ({"cache_policy": INPUTS.configure(isolation_level="SERIALIZABLE")}, TransactionError, "lock manager"),
    ({"cache_polcy": INPUTS}, TypeError, "did you mean 'cache_policy'"),
]


@pytest.mark.parametrize(("options", "error", "said"), WRONG)
def test_refuses_options_that_cannot_be(options, error, said):
    with pytest.raises(error, match=said):
        task(**options)(lambda x: x)


def test_refuses_to_add_policies_that_are_kept_differently(tmp_path):
    with pytest.raises(ValueError, match="key_storage"):
        INPUTS.configure(key_storage=tmp_path) + RUN_ID.configure(key_storage=tmp_path / "other")
    with pytest.raises(TypeError, match="name of an argument"):
        INPUTS - 3
