"""TripletView: one triplet to drag."""
