"""A person decides in the middle of a flow: the run pauses and asks, and goes on with the answer.

It needs a server: start one with `orchestrator server start`, and set ORCHESTRATOR_API_URL to what that says. While the
run is paused, answer from another terminal, for ten minutes at most:

    orchestrator flow-run resume <the run's name> --input '{"granted": true, "comment": "Well written."}'
"""

from orchestrator import RunInput, flow, pause_flow_run, task


class Approval(RunInput):
    granted: bool
    comment: str = ""


@task
def draft(topic: str) -> str:
    return f"Everything about {topic}."


@task
def publish(text: str) -> str:
    return f"published: {text}"


@flow(name="human approval", log_prints=True)
def publish_if_approved(topic: str = "boats") -> str:
    text = draft(topic)
    question = Approval.with_initial_data(description=f"May this be published?\n\n{text}", granted=False)
    answer = pause_flow_run(wait_for_input=question, timeout=600)
    if answer.comment:
        print("The comment was:", answer.comment)
    return publish(text) if answer.granted else "not published"


if __name__ == "__main__":
    publish_if_approved()
