"""One flow with one task; what it says is the identifier of the run."""

from prefect import flow, task


@task
def increased(number):
    return number + 1


@flow(log_prints=True)
def small():
    print("here")
    return increased(1)


if __name__ == "__main__":
    print("RUN", small(return_state=True).state_details.flow_run_id)
