"""A database as it is after months: `python -m benchmarks.filling`.

The product's own services record a few runs of every kind (`specimens`). Those are copied many times, each copy with
identifiers, times, a deployment and a name of its own (`copies`), and loaded by the quickest way that the database has
(`loading`). So every row is one that the server has written, but for what tells copies apart. What is derived from runs
is derived afterwards by the services that do so on a server.
"""
