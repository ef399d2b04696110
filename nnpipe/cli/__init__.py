"""The console command and its subcommands."""
