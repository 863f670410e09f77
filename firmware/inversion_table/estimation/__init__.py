"""From IMU readings to the tilt of the bed: its rate, its validity and an honest error bound."""
