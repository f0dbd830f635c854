"""Cloud QPUs: the protocol that every vendor's adapter speaks, the adapters, and the process that runs one."""
