"""End-to-end tests, demo and benchmark, and the cluster that they run on."""
