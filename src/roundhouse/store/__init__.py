"""PostgreSQL: the only package that knows SQL. A module per table or aggregate, and the embedded server."""
