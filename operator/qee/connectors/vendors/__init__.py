"""One module for each vendor. Each imports its SDK inside its functions: to load a class costs nothing."""
