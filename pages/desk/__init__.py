"""The desk, the front page of the staff: what waits, what there is, and what has happened."""
