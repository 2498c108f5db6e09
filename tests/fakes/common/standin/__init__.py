"""What the Python halves of several stand-ins share."""
