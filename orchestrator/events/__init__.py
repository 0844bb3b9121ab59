"""The event log, which is also the outbox: what happened, written in the transaction in which it happened."""
