"""The events tutorial: a flow tells what happens to its orders, and one event follows the other."""

from orchestrator import Event, emit_event, flow, task


@task
def pack(order: int) -> Event:
    """Tell that the order is packed. The run, its flow and its tags are added to the event."""
    return emit_event(
        "order.packed",
        resource={"prefect.resource.id": f"shop.order.{order}", "prefect.resource.name": f"order {order}"},
        payload={"parcels": order % 2 + 1},
    )


@task
def ship(order: int, packed: Event) -> Event:
    """Tell that the order left the house, after it was packed, and to whom it goes."""
    return emit_event(
        "order.shipped",
        resource=packed.resource,
        related=[{"prefect.resource.id": f"shop.customer.{order % 3}", "prefect.resource.role": "customer"}],
        follows=packed,
    )


@flow(log_prints=True)
def shipping(orders: int = 3) -> list[str]:
    """Pack and ship; returns the ids of the events that say so."""
    told = []
    for order in range(orders):
        packed = pack(order)
        shipped = ship(order, packed)
        print(f"{shipped.resource['prefect.resource.name']} is on its way")
        told += [str(packed.id), str(shipped.id)]
    return told


if __name__ == "__main__":
    shipping()
