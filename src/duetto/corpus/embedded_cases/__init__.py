"""Cases performed by embedded singers: their songs, rooms, bands and fragments."""
