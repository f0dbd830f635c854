"""`make bench`: QuantumJobs against bare Jobs, side by side, on the same node in one run."""
