"""The page of one flow run: its view, what each of its parts tells, what can be done there, and its sub-pages."""
