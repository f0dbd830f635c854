"""What runs in a job's pod, and as a child process of the command here.

`process` is a run from its document to the frame; `checking` and `drawing` ask an engine without running; `engines` are
the simulators; `sandbox` and `sdk_log` keep them apart from network and log.
"""
