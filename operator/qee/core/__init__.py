"""Decisions: what to do next with a job. Pure: no I/O, and no clock but the one that is passed in."""
