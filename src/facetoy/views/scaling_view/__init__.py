"""ScalingView: what a last layer of so many classes costs."""
