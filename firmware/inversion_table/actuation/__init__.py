"""The only code that touches motor and relay pins; it accepts only a decision."""
