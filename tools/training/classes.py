"""The eight classes a pole must see, in the order of the detector's outputs."""

CLASSES = ("person", "bicycle", "motorcycle", "car", "bus", "truck", "bag", "animal")
PERSON, BICYCLE, MOTORCYCLE, CAR, BUS, TRUCK, BAG, ANIMAL = range(8)
# What two observers may call by different names and still mean one thing.
FAMILIES = (0, 1, 1, 2, 2, 2, 3, 4)
FAMILY_NAMES = ("person", "two-wheeler", "vehicle", "bag", "animal")
