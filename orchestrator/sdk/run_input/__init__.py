"""What people and other runs tell a flow run while it runs or waits: texts under keys, typed at both ends."""
