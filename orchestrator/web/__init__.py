"""How requests reach Django: one ASGI root, and a fixed pool of threads that each keep their database connection."""
