"""The pages about flows, deployments, their schedules, and what they run on. Each module is one page, or a part."""
