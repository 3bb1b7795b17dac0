"""The clusters that this user knows: kept in files, set up, logged in to, chosen."""
