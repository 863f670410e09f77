"""What a person without a laptop sees and hears: LED and buzzer patterns for each state."""
