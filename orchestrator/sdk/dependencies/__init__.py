"""What a task waits for: futures and states among its arguments."""
