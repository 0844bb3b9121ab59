"""What whoever keeps the server up asks of its own side: changes of the database's tables, and how it is set up.

The command line knows no Django: it starts the management commands of this room as processes of their own.
"""
