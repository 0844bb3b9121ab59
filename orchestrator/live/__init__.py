"""What every live page and socket shares: following the event log, handing on what is new, and the sockets' manners."""
