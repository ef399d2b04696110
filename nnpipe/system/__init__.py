"""The machine beneath: cores, threads, interrupts, child processes, careful files."""
