"""How the admin writes times: sortable, to the second, UTC. Django finds it by `FORMAT_MODULE_PATH`."""
