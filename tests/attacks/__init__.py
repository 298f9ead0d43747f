"""What one party can do to others, tried; each attack has a control that shows the honest case."""
