"""What tests of package repositories share."""
