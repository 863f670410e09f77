"""What watches the controller itself, in the background: clocks, program, values in use, resets."""
