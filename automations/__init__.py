"""Automations: what is to happen when something happened. So far: their list, and the check of their templates."""
