"""Use the machine: cores, threads, interrupts, child processes, files, random streams."""
