"""What proposers that talk with a model share, whatever protocol its server speaks."""
