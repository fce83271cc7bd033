"""`up`: PostgreSQL, a runner and a server as children of one small process that starts them again when they die."""
