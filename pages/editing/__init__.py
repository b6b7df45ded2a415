"""How staff edit content in the admin."""
