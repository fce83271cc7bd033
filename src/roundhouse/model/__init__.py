"""What the product talks about: values, statuses, events and errors. Pure, no I/O."""
