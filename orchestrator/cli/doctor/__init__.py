"""`orchestrator doctor`: probes look at the set-up, pure checks judge what they found."""
