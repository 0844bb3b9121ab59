"""Services that run by themselves: how they are declared, kept at their pace, and from running twice at once."""

from orchestrator.periodic.declaring import service

__all__ = ["service"]
