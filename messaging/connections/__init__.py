"""One connection per user: the claim, the beat that keeps it and the sweep that frees what a dead process left."""
