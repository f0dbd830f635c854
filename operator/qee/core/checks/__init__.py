"""What is checked of a job before anything of it is made: against its backend, and circuit by circuit."""
