"""A flow that is put together in a block, as Prefect 1 has them: python examples/flow_in_a_block.py"""

from orchestrator import Flow, LocalDaskExecutor, Parameter, Task, case, context, merge, signals, task, unmapped


@task(nout=2)
def fetch(city):
    readings = {"Bergen": [4, 7, 5], "Oslo": [], "Tromsø": [-3, -6]}
    return city, readings.get(city, [])


@task
def fahrenheit(celsius, digits):
    return round(celsius * 9 / 5 + 32, digits)


class Average(Task):
    """The average of what was measured; skipped when nothing was."""

    def run(self, readings):
        if not readings:
            raise signals.SKIP("nothing was measured")
        return sum(readings) / len(readings)


@task
def warn(city, average):
    context.get("logger").warning("It is cold in %s", city)
    return f"{city}: {average:.1f} °F, take a coat"


@task
def note(city, average):
    return f"{city}: {average:.1f} °F"


average = Average(name="average", max_retries=1)

with Flow("weather", executor=LocalDaskExecutor(num_workers=4)) as flow:
    city = Parameter("city", default="Bergen")
    name, celsius = fetch(city)
    measured = average(fahrenheit.map(celsius, digits=unmapped(1)))
    is_cold = measured < 32
    with case(is_cold, True):
        cold = warn(name, measured)
    with case(is_cold, False):
        mild = note(name, measured)
    report = merge(cold, mild)


if __name__ == "__main__":
    for each in ("Bergen", "Tromsø", "Oslo"):
        state = flow.run(city=each)
        outcome = state.result[report]
        print(f"{each} was skipped" if outcome.is_skipped() else outcome.result)
