"""QuantumJobs: one job, one step."""
