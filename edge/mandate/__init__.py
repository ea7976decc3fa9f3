"""What may be detected where and when, by whose signatures. Empty in this version."""
