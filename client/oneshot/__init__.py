"""What the program does besides running commands: join, send and receive."""
