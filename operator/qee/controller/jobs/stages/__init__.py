"""The drivers of the stages of `qee.core.job.stages`: what reads, makes, collects and settles for each."""
