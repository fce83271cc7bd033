"""What the front doors do: the product's verbs, checked input, live fan-out. Knows no HTTP and no SQL."""
