"""An automation: when an event comes, a deployment is run. The server watches, so no process of yours has to.

Needs a server: set ORCHESTRATOR_API_URL, for example to http://127.0.0.1:4200/api.
"""

from orchestrator import Deployment, flow, get_client, task


@task
def inspect(parcel: str) -> str:
    return f"looked into {parcel}"


@flow(log_prints=True)
def customs(parcel: str = "unknown") -> str:
    """What is to happen whenever a parcel arrives."""
    found = inspect(parcel)
    print(found)
    return found


def automation(deployment_id: str) -> dict:
    """When `parcel.arrived` comes for any parcel, run the deployment once for each, with the parcel's name."""
    return {
        "name": "inspect what arrives",
        "description": "Every parcel, as soon as it is here.",
        "enabled": True,
        "trigger": {
            "type": "event",
            "posture": "Reactive",
            "expect": ["parcel.arrived"],
            "match": {"prefect.resource.id": "shop.parcel.*"},
            "for_each": ["prefect.resource.id"],
            "threshold": 1,
            "within": 0,
        },
        "actions": [
            {
                "type": "run-deployment",
                "source": "selected",
                "deployment_id": deployment_id,
                "parameters": {
                    "parcel": {"__prefect_kind": "jinja", "template": "{{ event.resource['prefect.resource.id'] }}"}
                },
            }
        ],
    }


def make() -> str:
    """Make the deployment and the automation; returns the automation's id."""
    deployment_id = Deployment.build_from_flow(customs, "on arrival").apply()
    with get_client(sync_client=True) as client:
        return str(client.create_automation(automation(deployment_id)))


if __name__ == "__main__":
    print(f"Made automation {make()}")
