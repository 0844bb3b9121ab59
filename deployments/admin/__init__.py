"""Deployments and what executes them, in the admin.

Descriptions and tags can be corrected here, and what becomes of missed runs. What changes the work itself (pausing,
limits, schedules) goes through the API and the pages, where it is announced to whoever depends on it.
"""

from deployments.admin import deployments, versions, work_pools

__all__ = ["deployments", "versions", "work_pools"]
