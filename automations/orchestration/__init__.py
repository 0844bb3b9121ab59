"""Whether an event concerns a trigger, and whether the trigger fires. Pure functions over plain values."""
